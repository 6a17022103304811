"""How much somebody may look at, and when they rest. All of it is rows, so no tab and no restart forgets it.

A break stops looking, never writing: what was being assessed can be finished, and cases can be passed on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Max, Sum
from django.utils.translation import gettext as _

from safelight.media.rendering import Level
from safelight.server.ids import now
from safelight.server.ledger.services import record
from safelight.server.people.actors import Actor, PersonActor
from safelight.server.people.models import Person
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission
from safelight.server.review.danger import hand_over
from safelight.server.review.errors import ReviewError
from safelight.server.review.events import Event
from safelight.server.review.models import Budget, Rest, Viewing
from safelight.server.review.protections import in_force

_HOUR: Final = timedelta(hours=1)


class Why(StrEnum):
    """What stands in the way of looking."""

    BREAK = "break"
    BUDGET = "budget"


@dataclass(frozen=True, slots=True)
class Allowed:
    """Nothing stands in the way. ``break_in`` seconds of looking a break is due; None where none is."""

    break_in: float | None


@dataclass(frozen=True, slots=True)
class Break:
    """Nothing is shown until then. ``may_finish`` says that it may still be put off a little, once."""

    why: Why
    until: datetime
    may_finish: bool
    says: str


@dataclass(frozen=True, slots=True)
class Used:
    """What somebody has looked at since a time, at a level or above; ``minutes`` as they are charged."""

    views: int
    minutes: float


def may_view(actor: Actor) -> Allowed | Break:
    """Whether the person may look at anything now. Whoever is no person is not asked to rest."""
    if not isinstance(actor, PersonActor):
        return Allowed(None)
    return standing_of(actor.person)


def standing_of(person: Person, level: int = Level.TINY, *, open_already: bool = False) -> Allowed | Break:
    """As :func:`may_view`, for one level: a budget of a higher one is not asked.

    A view that is ``open_already`` is within a budget of views of which it is the last.
    """
    rest = _rest_of(person)
    if rest is not None:
        return rest
    spent = _spent(person, level, 1 if open_already else 0)
    if spent is not None:
        return spent
    protections = in_force(person)
    if not protections.minutes_to_break:
        return Allowed(None)
    looked = used(person, since=_last_rest(person))
    return Allowed(max(0.0, 60 * (protections.minutes_to_break - looked.minutes)))


def rest_if_due(person: Person) -> None:
    """Begin a break where one is due, and hand over what must not wait. For who holds the person's lock."""
    rest = _current(person)
    if rest is not None and not rest.handed_over and rest.begins_at <= now():
        rest.handed_over = True
        rest.save(update_fields=["handed_over"])
        hand_over(person)


def begin_due_breaks() -> int:
    """Begin the breaks of whoever looked lately and stopped asking; how many were looked after. A job's."""
    lately = Viewing.objects.filter(opened_at__gt=now() - 12 * _HOUR).values("person")
    looked_after = 0
    for person in Person.objects.filter(pk__in=lately):
        with transaction.atomic():
            lock(person)
            rest_if_due(person)
            looked_after += 1
    return looked_after


def rest_now(actor: PersonActor) -> None:
    """Take a break because one wants to; nobody asks why. It lasts as long as a due one."""
    with transaction.atomic():
        lock(actor.person)
        if not Rest.objects.filter(person=actor.person, ends_at__gt=now()).exists():
            minutes = in_force(actor.person).break_minutes
            _begin(actor.person, now(), timedelta(minutes=minutes), own_wish=True)
        rest_if_due(actor.person)


def finish_sentence(actor: PersonActor) -> Rest:
    """Put a break that is due off by a little, once. Raises :class:`ReviewError` where that was done."""
    with transaction.atomic():
        lock(actor.person)
        rest, minutes = _current(actor.person), in_force(actor.person).finish_minutes
        if rest is None or rest.own_wish or rest.put_off or not minutes:
            raise ReviewError(_("This break was put off already. What you write is kept all the same."))
        later = now() + timedelta(minutes=minutes) - rest.begins_at
        rest.begins_at, rest.ends_at, rest.put_off = rest.begins_at + later, rest.ends_at + later, True
        rest.save(update_fields=["begins_at", "ends_at", "put_off"])
        record(Event.BREAK_POSTPONED, actor, subject=actor.person.pk)
    return rest


def lock(person: Person) -> None:
    """One act of looking at a time for one person, in whichever process; until the transaction ends."""
    Person.objects.select_for_update(no_key=True).get(pk=person.pk)


def used(person: Person, *, since: datetime, level: int = Level.TINY) -> Used:
    """What somebody has looked at since then."""
    found = Viewing.objects.filter(person=person, opened_at__gte=since, level__gte=level).exclude(
        shown_at=None, ended_at__isnull=False
    )
    told = found.aggregate(views=Count("pk"), seconds=Sum("charged"))
    return Used(told["views"], (told["seconds"] or 0) / 60)


def day_began(at: datetime) -> datetime:
    """When the day of a moment began, in the workspace's time zone."""
    local = at.astimezone(ZoneInfo(settings.CONFIG.review.time_zone))
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


def budgets() -> list[Budget]:
    """The budgets in force."""
    return list(Budget.objects.filter(replaced_at=None).order_by("level", "per"))


def set_budget(
    actor: PersonActor, level: int, per: Budget.Per, *, views: int | None, minutes: int | None
) -> None:
    """Say how much one person may look at from a level (1-4) on; None sets no limit."""
    require(actor, Permission.WELLBEING_SET)
    if not Level.TINY <= level <= Level.ORIGINAL:
        raise ReviewError(_("Choose a level from 1 to 4."))
    with transaction.atomic():
        Budget.objects.filter(level=level, per=per, replaced_at=None).update(replaced_at=now())
        if views is not None or minutes is not None:
            Budget.objects.create(
                level=level, per=per, views=views, minutes=minutes, set_by=actor.person, set_at=now()
            )
        record(
            Event.BUDGET_SET,
            actor,
            payload={"level": level, "per": per.value, "views": views, "minutes": minutes},
        )


def _current(person: Person) -> Rest | None:
    """The break that runs or was put off; begun now if one is due."""
    present, protections = now(), in_force(person)
    rest = Rest.objects.filter(person=person, ends_at__gt=present).first()
    if rest is not None or not _is_due(person):
        return rest
    return _begin(person, present, timedelta(minutes=protections.break_minutes))


def _is_due(person: Person) -> bool:
    minutes = in_force(person).minutes_to_break
    return bool(minutes) and used(person, since=_last_rest(person)).minutes >= minutes


def _begin(person: Person, at: datetime, length: timedelta, *, own_wish: bool = False) -> Rest:
    rest = Rest.objects.create(person=person, due_at=at, begins_at=at, ends_at=at + length, own_wish=own_wish)
    record(
        Event.BREAK_BEGAN,
        PersonActor(person, "", second_factor=False),
        subject=person.pk,
        payload={"until": rest.ends_at.isoformat(), "own_wish": own_wish},
    )
    return rest


def _rest_of(person: Person) -> Break | None:
    present = now()
    rest = Rest.objects.filter(person=person, begins_at__lte=present, ends_at__gt=present).first()
    if rest is not None:
        says = _("A break. What you were writing can be finished, and any case can be passed on.")
        may_finish = not (rest.put_off or rest.own_wish) and bool(in_force(person).finish_minutes)
        return Break(Why.BREAK, rest.ends_at, may_finish, says)
    if Rest.objects.filter(person=person, ends_at__gt=present).exists():
        return None  # put off, and not begun
    if not _is_due(person):
        return None
    protections = in_force(person)
    until = present + timedelta(minutes=protections.break_minutes)
    says = _("A break is due. What you were writing can be finished, and any case can be passed on.")
    return Break(Why.BREAK, until, may_finish=bool(protections.finish_minutes), says=says)


def _last_rest(person: Person) -> datetime:
    """When the latest break ended; looking since leads to the next. A pause as long as one counts too."""
    since = day_began(now())
    ended = Rest.objects.filter(person=person).aggregate(last=Max("ends_at"))["last"]
    if ended is not None:
        since = max(since, ended)
    pause = timedelta(minutes=in_force(person).break_minutes)
    looked = Viewing.objects.filter(person=person, opened_at__gte=since).order_by("opened_at")
    before: datetime | None = None
    for opened, ended_at in looked.values_list("opened_at", "ended_at"):
        if before is not None and opened - before >= pause:
            since = opened
        before = ended_at or opened
    if before is not None and now() - before >= pause:
        since = now()
    return since


def _spent(person: Person, level: int, still_open: int) -> Break | None:
    present = now()
    for budget in budgets():
        if budget.level > level:
            continue
        since = present - _HOUR if budget.per == Budget.Per.HOUR else day_began(present)
        looked = used(person, since=since, level=budget.level)
        if (budget.views is not None and looked.views - still_open >= budget.views) or (
            budget.minutes is not None and looked.minutes >= budget.minutes
        ):
            return Break(Why.BUDGET, _again(person, budget, since), may_finish=False, says=_says(budget))
    return None


def _again(person: Person, budget: Budget, since: datetime) -> datetime:
    """When the budget has room again, at the latest."""
    if budget.per == Budget.Per.DAY:
        return day_began(since + timedelta(hours=36))
    oldest = Viewing.objects.filter(person=person, opened_at__gte=since, level__gte=budget.level)
    first = oldest.order_by("opened_at").values_list("opened_at", flat=True).first()
    return (first or now()) + _HOUR


def _says(budget: Budget) -> str:
    span = _("this hour") if budget.per == Budget.Per.HOUR else _("today")
    return _(
        "Your budget from level {level} on is used up for {span}. Lower levels may still be open."
    ).format(level=budget.level, span=span)
