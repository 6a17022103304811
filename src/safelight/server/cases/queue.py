"""What waits to be worked on: imminent danger first, then by priority, then who waited longest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from safelight.server.cases.models import Case, PassedOn
from safelight.server.cases.services import UNFINISHED
from safelight.server.paging import Page, page_size, wrong_place
from safelight.server.people.actors import Actor, PersonActor
from safelight.server.people.permissions import PermissionDenied, require
from safelight.server.people.roles import Permission

ORDER = ("-imminent_danger", "-priority", "pk")
"""Ids are UUIDv7, so the last of these is the time of opening; an index of the table has this order."""


@dataclass(frozen=True, slots=True)
class CaseSummary:
    """A case as a queue shows it: nothing of its content. ``priority`` is 0-100."""

    id: UUID
    state: Case.State
    priority: int
    imminent_danger: bool
    opened_at: datetime
    finished_at: datetime | None
    assigned_to: UUID | None
    account: UUID | None
    follows: UUID | None
    occurrences: int


def waiting(actor: Actor, *, limit: int = 50, after: str | None = None) -> Page[CaseSummary]:
    """Open cases in the order in which they are to be worked on.

    Who reads every case sees all of them; a reviewer those that nobody has taken, and their own. A place
    (``after``) stays valid while cases come and go. ``limit`` is 1 to 200. Raises
    :class:`~safelight.errors.UsageError`.
    """
    shown = Case.objects.filter(readable(actor), state=Case.State.OPEN).order_by(*ORDER)
    if after is not None:
        shown = shown.filter(behind(after))
    size = page_size(limit)
    found = list(shown[: size + 1])
    last = found[size - 1] if len(found) > size else None
    return Page(summaries(found[:size]), place_of(last) if last else None)


def next_case(actor: PersonActor) -> CaseSummary | None:
    """The first open case that nobody has and that this person has not passed on; None where there is none.

    It is not taken by that: two who ask at once are shown the same one, and one of them gets it.
    """
    require(actor, Permission.CASE_TAKE)
    passed = PassedOn.objects.filter(case=OuterRef("pk"), person=actor.person)
    free = Case.objects.filter(~Exists(passed), state=Case.State.OPEN, assigned_to=None).order_by(*ORDER)
    return next(iter(summaries(list(free[:1]))), None)


def own_cases(actor: PersonActor) -> tuple[CaseSummary, ...]:
    """Unfinished cases that this person has, in the same order."""
    require(actor, Permission.CASE_TAKE)
    return summaries(list(Case.objects.filter(UNFINISHED, assigned_to=actor.person).order_by(*ORDER)))


def summaries(cases: list[Case]) -> tuple[CaseSummary, ...]:
    """Cases as they are shown, in their order, with one query for the counts of all."""
    ids = [case.pk for case in cases]
    counted = dict(
        Case.objects.filter(pk__in=ids).annotate(members_=Count("members")).values_list("pk", "members_")
    )
    return tuple(
        CaseSummary(
            case.pk,
            Case.State(case.state),
            case.priority,
            case.imminent_danger,
            case.opened_at,
            case.finished_at,
            case.assigned_to_id,
            case.account_id,
            case.follows_id,
            counted.get(case.pk, 0),
        )
        for case in cases
    )


def open_cases() -> QuerySet[Case]:
    """Every open case, for counts."""
    return Case.objects.filter(state=Case.State.OPEN)


def readable(actor: Actor) -> Q:
    """The cases whose facts, or whose waiting, the actor may know of."""
    try:
        require(actor, Permission.CASE_READ_ALL)
    except PermissionDenied:
        require(actor, Permission.CASE_TAKE)
        assert isinstance(actor, PersonActor)
        return Q(assigned_to=None) | Q(assigned_to=actor.person)
    return Q()


def place_of(case: Case) -> str:
    """Where a case stands in the order of the queue."""
    return f"{int(case.imminent_danger)}.{case.priority}.{case.pk.hex}"


def behind(after: str) -> Q:
    """What comes after a place. The first condition of each kind lets the index begin there."""
    try:
        danger, priority_told, id_told = after.split(".")
        priority, id_ = int(priority_told), UUID(hex=id_told)
        in_danger = {"0": False, "1": True}[danger]
    except (ValueError, KeyError):
        raise wrong_place() from None
    further = Q(imminent_danger=in_danger, priority__lte=priority) & (
        Q(priority__lt=priority) | Q(pk__gt=id_)
    )
    return further | Q(imminent_danger=False) if in_danger else further
