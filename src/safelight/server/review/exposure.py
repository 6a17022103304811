"""The exposure ledger: one's own day, the team's in aggregate, one file's, and one person's by release."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Count, QuerySet, Sum
from django.utils.translation import gettext as _

from safelight.media.rendering import Level
from safelight.server.cases.reading import if_readable
from safelight.server.ids import now
from safelight.server.intake.models import Item
from safelight.server.intake.record_keys import record_keys
from safelight.server.ledger.services import record
from safelight.server.people.actors import PersonActor
from safelight.server.people.models import Person
from safelight.server.people.permissions import PermissionDenied, require
from safelight.server.people.roles import Permission
from safelight.server.review.budgets import Allowed, Break, Used, budgets, day_began, standing_of, used
from safelight.server.review.events import Event
from safelight.server.review.models import Budget, ExposureRelease, Viewing

LEAST_PEOPLE: Final = 3
"""Of fewer people an aggregate would tell of one of them, so it is not shown."""
_MOST: Final = 500


@dataclass(frozen=True, slots=True)
class AtLevel:
    """What was looked at, at exactly one level."""

    level: int
    views: int
    minutes: float


@dataclass(frozen=True, slots=True)
class Left:
    """A budget and what was used of it."""

    budget: Budget
    used: Used


@dataclass(frozen=True, slots=True)
class OwnDay:
    """Somebody's own day. ``told`` are the releases by which others could see what they looked at."""

    began: datetime
    levels: tuple[AtLevel, ...]
    left: tuple[Left, ...]
    standing: Allowed | Break
    told: tuple[ExposureRelease, ...]


@dataclass(frozen=True, slots=True)
class TeamDay:
    """One day of everybody together; ``levels`` is None where fewer than three people looked."""

    day: date
    people: int
    levels: tuple[AtLevel, ...] | None


@dataclass(frozen=True, slots=True)
class Looked:
    """One view as the exposure ledger shows it. ``reason`` is None where it cannot be read."""

    viewing: Viewing
    who: str
    reason: str | None


def own_day(actor: PersonActor) -> OwnDay:
    """What the person has looked at today, and how much is left. Nobody else is shown this."""
    began, person = day_began(now()), actor.person
    hour = now() - timedelta(hours=1)
    left = tuple(
        Left(one, used(person, since=hour if one.per == Budget.Per.HOUR else began, level=one.level))
        for one in budgets()
    )
    told = ExposureRelease.objects.filter(about=person).select_related("reader", "proposal")
    return OwnDay(
        began,
        _levels(Viewing.objects.filter(person=person, opened_at__gte=began)),
        left,
        standing_of(person, Level.ORIGINAL),
        tuple(told.order_by("-released_at")[:20]),
    )


def team_days(actor: PersonActor, days: int = 7) -> tuple[TeamDay, ...]:
    """The latest days of everybody together, today first."""
    require(actor, Permission.WELLBEING_SET)
    found, end = [], now() + timedelta(microseconds=1)
    for _day in range(days):
        began = day_began(end - timedelta(microseconds=1))
        shown = Viewing.objects.filter(opened_at__gte=began, opened_at__lt=end, shown_at__isnull=False)
        people = shown.values("person").distinct().count()
        found.append(TeamDay(began.date(), people, _levels(shown) if people >= LEAST_PEOPLE else None))
        end = began
    return tuple(found)


def of_item(actor: PersonActor, item: Item) -> tuple[Looked, ...]:
    """Who looked at one file, the latest first; that it was asked is written to the ledger."""
    require(actor, Permission.LEDGER_READ)
    with transaction.atomic():
        record(Event.EXPOSURE_SEARCHED, actor, subject=item.pk, payload={"by": "item"})
    return _looked(Viewing.objects.filter(item=item))


def of_person(actor: PersonActor, about: Person) -> tuple[Looked, ...]:
    """What somebody looked at, the latest first: by a second person's release, and written to the ledger.

    Raises ``PermissionDenied`` without one that still holds.
    """
    require(actor, Permission.FIGURES_READ)
    live = ExposureRelease.objects.filter(about=about, reader=actor.person, until__gt=now())
    if not live.exists():
        raise PermissionDenied(
            Permission.FIGURES_READ, _("This takes a second person's release. Propose it first.")
        )
    with transaction.atomic():
        record(Event.EXPOSURE_SEARCHED, actor, subject=about.pk, payload={"by": "person"})
    return _looked(Viewing.objects.filter(person=about))


def live_releases(actor: PersonActor) -> tuple[ExposureRelease, ...]:
    """Whose views this person may see now."""
    found = ExposureRelease.objects.filter(reader=actor.person, until__gt=now()).select_related("about")
    return tuple(found.order_by("until"))


def _levels(shown: QuerySet[Viewing]) -> tuple[AtLevel, ...]:
    told = shown.exclude(shown_at=None).values("level").annotate(views=Count("pk"), seconds=Sum("charged"))
    return tuple(AtLevel(one["level"], one["views"], one["seconds"] / 60) for one in told.order_by("level"))


def _looked(viewings: QuerySet[Viewing]) -> tuple[Looked, ...]:
    found = viewings.exclude(shown_at=None).select_related("person").order_by("-shown_at")[:_MOST]
    return tuple(Looked(one, str(one.person), _reason(one.pk, one.reason)) for one in found)


def _reason(viewing: UUID, sealed: bytes | memoryview | None) -> str | None:
    if sealed is None:
        return ""
    return if_readable(record_keys().open_content, "viewing", viewing, sealed)
