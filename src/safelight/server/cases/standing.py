"""How far things have come, for the platform that sent them: ids, states, outcomes and times, and no more.

No list, no match and no reason is in it; those are for the console. A key sees what came by its own surface.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from safelight.server.cases.models import Case, Decision
from safelight.server.intake.models import Occurrence
from safelight.server.paging import Page, page_size, wrong_place
from safelight.server.people.actors import KeyActor


@dataclass(frozen=True, slots=True)
class CaseStanding:
    """A case as the platform may know it. ``submissions`` are those of the key's surface."""

    id: UUID
    state: Case.State
    opened_at: datetime
    finished_at: datetime | None
    submissions: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class DecisionStanding:
    """A decision about a submission. ``standing`` is false once a later one took its place."""

    id: UUID
    case: UUID
    submission: UUID
    outcome: Decision.Outcome
    decided_at: datetime
    supersedes: UUID | None
    standing: bool


def case_standings(key: KeyActor, *, limit: int = 50, after: UUID | None = None) -> Page[CaseStanding]:
    """Cases with something that came by the key's surface, the oldest first; ``limit`` is 1 to 200."""
    size = page_size(limit)
    ours = Case.objects.filter(members__occurrence__in=_ours(key)).distinct().order_by("pk")
    found = list((ours.filter(pk__gt=after) if after else ours)[: size + 1])
    last = str(found[size - 1].pk) if len(found) > size else None
    return Page(tuple(_case(key, case) for case in found[:size]), last)


def case_standing(key: KeyActor, case_id: UUID) -> CaseStanding | None:
    """One of them; None where there is none of the key's surface."""
    case = Case.objects.filter(pk=case_id, members__occurrence__in=_ours(key)).first()
    return _case(key, case) if case else None


def decision_standings(
    key: KeyActor, *, limit: int = 50, after: UUID | None = None
) -> Page[DecisionStanding]:
    """Decisions about what came by the key's surface, in the order in which they were made."""
    size = page_size(limit)
    made = Decision.objects.filter(occurrence__in=_ours(key)).order_by("pk")
    found = list(
        (made.filter(pk__gt=after) if after else made).select_related("occurrence", "superseded_by")[
            : size + 1
        ]
    )
    last = str(found[size - 1].pk) if len(found) > size else None
    return Page(tuple(_decision(decision) for decision in found[:size]), last)


def place(after: str | None) -> UUID | None:
    """A place in the sequence. Raises :class:`~safelight.errors.UsageError` for one that no page gave."""
    if after is None:
        return None
    try:
        return UUID(after)
    except ValueError:
        raise wrong_place() from None


def _ours(key: KeyActor) -> QuerySet[Occurrence]:
    return Occurrence.objects.filter(surface=key.key.surface)


def _case(key: KeyActor, case: Case) -> CaseStanding:
    sent = _ours(key).filter(membership__case=case).order_by("pk").values_list("intake", flat=True)
    return CaseStanding(case.pk, Case.State(case.state), case.opened_at, case.finished_at, tuple(sent))


def _decision(made: Decision) -> DecisionStanding:
    return DecisionStanding(
        made.pk,
        made.case_id,
        made.occurrence.intake_id,
        Decision.Outcome(made.outcome),
        made.decided_at,
        made.supersedes_id,
        not hasattr(made, "superseded_by"),
    )
