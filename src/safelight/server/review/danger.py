"""Imminent danger: whom to call, why it was thought so, and that no break leaves such a case with nobody."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from safelight.server.cases.handling import give_back
from safelight.server.cases.models import Case
from safelight.server.cases.services import UNFINISHED, locked_unfinished
from safelight.server.ids import new_id, now
from safelight.server.intake.models import Occurrence
from safelight.server.intake.record_keys import record_keys
from safelight.server.ledger.services import record
from safelight.server.people.actors import Actor, PersonActor, SystemActor
from safelight.server.people.models import Person
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission
from safelight.server.review.errors import ReviewError
from safelight.server.review.events import Event
from safelight.server.review.models import Escalation

SHIPPED: Final = Path(__file__).with_name("data") / "emergency.toml"
LONGEST_REASON: Final = 3_000
"""Characters: as many as the CyberTipline takes of an escalation's reason (``escalateToHighPriority``)."""


@dataclass(frozen=True, slots=True)
class Steps:
    """What to do, for one country (two letters), or in general where that is empty."""

    country: str
    name: str
    steps: tuple[str, ...]


def emergency_steps(case: Case) -> tuple[Steps, ...]:
    """The steps for where this matter may be and where the operator is, then those for everywhere."""
    told = Occurrence.objects.filter(membership__case=case).exclude(country="")
    countries = [*told.values_list("country", flat=True).distinct(), settings.CONFIG.review.country]
    return steps_of(countries)


def steps_of(countries: Iterable[str]) -> tuple[Steps, ...]:
    """The steps for these countries, each once, then those for everywhere; the operator's own come first."""
    own = settings.CONFIG.review.emergency_steps
    known = _read(SHIPPED) | (_read(own) if own is not None else {})
    wanted = dict.fromkeys(country.upper() for country in countries if country)
    return tuple(known[country] for country in [*wanted, ""] if country in known)


def escalate(actor: PersonActor, case: Case, reason: str) -> None:
    """Keep why somebody may be in danger, sealed, for the report. Raises :class:`ReviewError`."""
    require(actor, Permission.CASE_ALARM)
    if not 0 < len(reason.strip()) <= LONGEST_REASON:
        raise ReviewError(_("A reason has 1 to {most} characters.").format(most=LONGEST_REASON))
    with transaction.atomic():
        locked = locked_unfinished(case)
        id_ = new_id()
        sealed = record_keys().seal_content("escalation", id_, reason.strip())
        Escalation.objects.create(id=id_, case=locked, person=actor.person, reason=sealed, at=now())
        record(Event.ESCALATION_REASON, actor, subject=case.pk, payload={"escalation": str(id_)})


def escalation_reason(actor: Actor, case: Case) -> str:
    """The latest reason that was kept, empty where there is none; for the case's page and for its report."""
    require(actor, Permission.CASE_READ_OWN, case=case)
    latest = Escalation.objects.filter(case=case).order_by("at", "pk").last()
    return "" if latest is None else record_keys().open_content("escalation", latest.pk, latest.reason)


def hand_over(person: Person) -> int:
    """Give back the cases of danger of somebody who rests, so that another takes them; how many.

    They stay on top of the queue, and paging goes on until somebody acknowledges it.
    """
    handed = 0
    for case in Case.objects.filter(UNFINISHED, assigned_to=person, imminent_danger=True):
        if give_back("review", case, person):
            record(Event.DANGER_HANDED_OVER, SystemActor("review"), subject=case.pk)
            handed += 1
    return handed


@cache
def _read(path: Path) -> dict[str, Steps]:
    """By country. Raises :class:`ReviewError` that names what is wrong with the operator's file."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
        return {
            "" if key == "anywhere" else key: Steps(
                "" if key == "anywhere" else key, str(one["name"]), tuple(map(str, one["steps"]))
            )
            for key, one in told.items()
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReviewError(
            f"The emergency steps in {path} cannot be read ({error}). Mend the file, or take "
            "review.emergency_steps out of the settings."
        ) from None
