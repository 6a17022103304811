"""What protects whoever looks: the organisation's minimum, and what a person asks for beyond it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from safelight.media.rendering import Level
from safelight.server.ids import now
from safelight.server.ledger.services import record
from safelight.server.people.actors import PersonActor
from safelight.server.people.models import Person
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission
from safelight.server.review.errors import ReviewError
from safelight.server.review.events import Event
from safelight.server.review.models import OwnProtection, Protection


@dataclass(frozen=True, slots=True)
class Protections:
    """What is in force, in the words of :class:`~safelight.server.review.models.Protection`."""

    first_level: int = Level.TINY
    reason_from: int = Level.GREY
    highest: int = Level.ORIGINAL
    cover_seconds: int = 30
    minutes_to_break: int = 45
    break_minutes: int = 15
    finish_minutes: int = 3


DEFAULT: Final = Protections()
"""Our judgement, not a finding: no trial was found on any of these numbers (``docs/reviewer/viewing.md``)."""

_RANGES: Final = {
    "first_level": (1, 4),
    "reason_from": (1, 3),
    "highest": (1, 4),
    "cover_seconds": (5, 600),
    "minutes_to_break": (0, 240),
    "break_minutes": (1, 240),
    "finish_minutes": (0, 15),
}


def organisation() -> Protections:
    """What the organisation asks of every view."""
    row = Protection.objects.order_by("-pk").first()
    if row is None:
        return DEFAULT
    return Protections(**{field.name: getattr(row, field.name) for field in fields(Protections)})


def in_force(person: Person) -> Protections:
    """The stronger of what the organisation and the person ask for, point by point."""
    least, own = organisation(), OwnProtection.objects.filter(person=person).first()
    if own is None:
        return least
    return replace(
        least,
        first_level=_lower(least.first_level, own.first_level),
        highest=_lower(least.highest, own.highest),
        cover_seconds=_lower(least.cover_seconds, own.cover_seconds),
        minutes_to_break=_sooner(least.minutes_to_break, own.minutes_to_break),
    )


def set_organisation(actor: PersonActor, asked: Protections) -> None:
    """Say what every view asks for. Raises :class:`ReviewError` for values out of their ranges."""
    require(actor, Permission.WELLBEING_SET)
    for name, (least, most) in _RANGES.items():
        if not least <= getattr(asked, name) <= most:
            raise ReviewError(
                _("{name} takes a number from {least} to {most}.").format(name=name, least=least, most=most)
            )
    told = {field.name: int(getattr(asked, field.name)) for field in fields(Protections)}
    with transaction.atomic():
        Protection.objects.create(**told, set_by=actor.person, set_at=now())
        record(Event.PROTECTION_SET, actor, payload=dict(told))


def set_own(
    actor: PersonActor,
    *,
    first_level: int | None,
    highest: int | None,
    cover_seconds: int | None,
    minutes_to_break: int | None,
) -> None:
    """Ask for more protection of oneself; None asks for no more. What would be weaker has no effect."""
    asked = {
        "first_level": first_level,
        "highest": highest,
        "cover_seconds": cover_seconds,
        "minutes_to_break": minutes_to_break,
    }
    for name, value in asked.items():
        least, most = _RANGES[name]
        if value is not None and not least <= value <= most:
            raise ReviewError(_("Choose one of the offered values."))
    OwnProtection.objects.update_or_create(person=actor.person, defaults=asked)


def _lower(least: int, own: int | None) -> int:
    return least if own is None else min(least, own)


def _sooner(least: int, own: int | None) -> int:
    """Of two times to a break, of which 0 is none at all."""
    asked = [minutes for minutes in (least, own or 0) if minutes]
    return min(asked, default=0)
