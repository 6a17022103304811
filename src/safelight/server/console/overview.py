"""What the first page shows: how much waits and for how long, and whether anything is not as it should be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import Count, Min, Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from safelight.errors import SafelightError
from safelight.server.cases.models import Case
from safelight.server.cases.queue import readable
from safelight.server.ids import now
from safelight.server.intake.models import Intake
from safelight.server.intake.unscanned import reasons
from safelight.server.people.actors import PersonActor
from safelight.server.processes.index_state import indexes_behind
from safelight.types import Outcome

_PRIORITIES: Final[tuple[tuple[Promise, int, int], ...]] = (
    (_("Urgent, 80 and above"), 80, 101),
    (_("Usual, 50 to 79"), 50, 80),
    (_("Lower, below 50"), 0, 50),
)
_AGES: Final[tuple[tuple[Promise, timedelta], ...]] = (
    (_("under an hour"), timedelta()),
    (_("under a day"), timedelta(hours=1)),
    (_("under a week"), timedelta(days=1)),
    (_("a week or more"), timedelta(days=7)),
)
"""Each with the least age; the next one's is where it ends."""
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Row:
    """Cases of one priority, by age as in :attr:`Waiting.ages`."""

    title: str
    counts: tuple[int, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Cases that nobody has finished, of those that the reader may see."""

    total: int
    unassigned: int
    mine: int
    oldest: datetime | None
    ages: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Unscanned:
    """Files kept because they could not be scanned, by reason, and all answers of the last day."""

    kept: int
    by_reason: tuple[tuple[str, int], ...]
    arrivals: int
    unscanned_arrivals: int


def waiting(actor: PersonActor) -> Waiting:
    """The cases that wait, by priority and age."""
    waits = Case.objects.filter(readable(actor), state=Case.State.OPEN)
    present = now()
    columns = {
        f"p{number}a{age}": Count("pk", filter=_of_priority(low, high) & _of_age(age, present))
        for number, (_title, low, high) in enumerate(_PRIORITIES)
        for age in range(len(_AGES))
    }
    found = waits.aggregate(
        total=Count("pk"),
        unassigned=Count("pk", filter=Q(assigned_to=None)),
        mine=Count("pk", filter=Q(assigned_to=actor.person)),
        oldest=Min("opened_at"),
        **columns,
    )
    rows = []
    for number, (title, _low, _high) in enumerate(_PRIORITIES):
        counts = tuple(int(found[f"p{number}a{age}"]) for age in range(len(_AGES)))
        rows.append(Row(str(title), counts, sum(counts)))
    return Waiting(
        total=found["total"],
        unassigned=found["unassigned"],
        mine=found["mine"],
        oldest=found["oldest"],
        ages=tuple(str(title) for title, _least in _AGES),
        rows=tuple(rows),
    )


def unscanned(actor: PersonActor) -> Unscanned:
    """What was not looked at, and why. It is never part of *clear*."""
    by_reason = tuple((one.reason.value, one.count) for one in reasons(actor))
    arrived = Intake.objects.filter(received_at__gt=now() - _DAY).exclude(outcome="")
    found = arrived.aggregate(
        arrivals=Count("pk"), unscanned=Count("pk", filter=Q(outcome=Outcome.UNSCANNED.value))
    )
    kept = sum(number for _reason, number in by_reason)
    return Unscanned(kept, by_reason, found["arrivals"], found["unscanned"])


def indexes() -> dict[str, Any]:
    """How far searching lags behind the lists: ``behind`` changes, or ``says`` why nobody knows."""
    try:
        return {"behind": indexes_behind(settings.CONFIG), "says": ""}
    except SafelightError as error:
        return {"behind": None, "says": str(error)}


def _of_priority(low: int, high: int) -> Q:
    return Q(priority__gte=low, priority__lt=high)


def _of_age(age: int, present: datetime) -> Q:
    _title, least = _AGES[age]
    older_than = Q(opened_at__lte=present - least)
    if age + 1 == len(_AGES):
        return older_than
    return older_than & Q(opened_at__gt=present - _AGES[age + 1][1])
