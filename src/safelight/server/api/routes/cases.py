"""Cases and decisions: to the platform how far they have come, to people in the console's roles the facts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal, TypeAlias
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Schema, Status
from ninja.errors import HttpError
from pydantic import ConfigDict, Field

from safelight.server.api.callers import KEY_OR_PERSON, PERSON, caller_of, person_of, server_key
from safelight.server.api.keys import key_of
from safelight.server.api.schemas import ERRORS
from safelight.server.cases import queue, standing
from safelight.server.cases.decisions import decide
from safelight.server.cases.models import Case, Decision
from safelight.server.cases.reading import facts
from safelight.server.intake.api_keys import Scope
from safelight.server.intake.models import Occurrence
from safelight.server.people.actors import KeyActor

router: Final = Router(tags=["cases"])
# Written out, because the description names a type by its last name alone, and there are many of a state.
CaseState: TypeAlias = Literal["open", "decided", "finished"]
DecisionOutcome: TypeAlias = Literal["confirmed", "dismissed", "escalated", "asked", "held"]
_Limit = Annotated[int, Query(ge=1, le=200)]
_After = Annotated[str | None, Query(max_length=100)]


class CaseOut(Schema):
    """A case without anything of its content."""

    id: UUID
    state: CaseState
    opened_at: datetime
    finished_at: datetime | None


class PlatformCaseOut(CaseOut):
    """For the platform: which of its submissions are in it."""

    submissions: list[UUID]


class QueuedCaseOut(CaseOut):
    """For people: how urgent it is, and whose."""

    priority: int
    imminent_danger: bool
    assigned_to: UUID | None
    occurrences: int


class CoverageOut(Schema):
    """How much of a video, and of a listed one, the other has: shares (0 to 1) of the frames compared."""

    query: float
    listed: float


class SpanOut(Schema):
    """A stretch of the file, in seconds, that is like what is listed, and where it is in the latter."""

    start: float
    end: float
    listed: float


class MatchOut(Schema):
    """What matched and how closely: 0 to 256 bits, 0 for digests. Never the listed value.

    `part` is where in the file, empty for the file itself. Of model files `level` says how far the file is
    the listed model, and `share` (0 to 1) how much of that model's distinctive bytes it holds. Of videos
    `coverage` says how much of each is the same; `spans` are when a video or a sound matches.
    """

    list: str
    list_class: str
    classification: str | None
    signal: str
    exact: bool
    distance: int
    part: str
    shadow: bool
    held: bool
    level: Literal["same_weights", "other_precision", "derived", "lead"] | None
    share: float | None
    coverage: CoverageOut | None
    spans: tuple[SpanOut, ...]


class MemberOut(Schema):
    """Something in the case. Where it is `unreadable`, `matches` may lack what matched."""

    occurrence: UUID
    intake: UUID
    came_as: str
    what: str
    outcome: str
    reason: str
    recorded_at: datetime
    matches: list[MatchOut]
    complaint_open: bool
    unreadable: bool


class CaseFactsOut(Schema):
    """For people who may read the case: what is in it and what matched, without its media."""

    summary: QueuedCaseOut
    members: list[MemberOut]


class CasesOut(Schema):
    """A page of cases. ``after`` asks for the next one; null where there is none."""

    items: list[PlatformCaseOut] | list[QueuedCaseOut]
    after: str | None


class DecisionOut(Schema):
    """A decision about a submission. ``standing`` is false once a later one took its place."""

    id: UUID
    case: UUID
    submission: UUID
    outcome: DecisionOutcome
    decided_at: datetime
    supersedes: UUID | None
    standing: bool


class DecisionsOut(Schema):
    """A page of decisions."""

    items: list[DecisionOut]
    after: str | None


class DecisionIn(Schema):
    """What somebody decides about one occurrence of the case."""

    model_config = ConfigDict(extra="forbid")

    occurrence: UUID
    outcome: DecisionOutcome
    reason: str = Field("", max_length=5_000)


class DecidedOut(Schema):
    """The decision."""

    id: UUID


@router.get("/cases", auth=KEY_OR_PERSON, response={200: CasesOut, **ERRORS})
def cases(request: HttpRequest, limit: _Limit = 50, after: _After = None) -> object:
    """The platform's cases, the oldest first; or for a person the queue in its order.

    Needs a server's key with the scope `cases`, or a role that may read cases.
    """
    actor = caller_of(request)
    if isinstance(actor, KeyActor):
        return standing.case_standings(
            server_key(actor, Scope.CASES), limit=limit, after=standing.place(after)
        )
    return queue.waiting(actor, limit=limit, after=after)


@router.get(
    "/cases/{uuid:case_id}", auth=KEY_OR_PERSON, response={200: PlatformCaseOut | CaseFactsOut, **ERRORS}
)
def case(request: HttpRequest, case_id: UUID) -> object:
    """One case: to the platform where it stands, to people who may read it what matched and how closely."""
    actor = caller_of(request)
    if isinstance(actor, KeyActor):
        found = standing.case_standing(server_key(actor, Scope.CASES), case_id)
        if found is None:
            raise HttpError(404, "There is no such case of this key's surface.")
        return PlatformCaseOut.model_validate(found, from_attributes=True)
    told = facts(actor, get_object_or_404(Case, pk=case_id))
    return CaseFactsOut.model_validate(told, from_attributes=True)


@router.post("/cases/{uuid:case_id}/decisions", auth=PERSON, response={201: DecidedOut, **ERRORS})
def make_decision(request: HttpRequest, case_id: UUID, told: DecisionIn) -> Status[DecidedOut]:
    """Decide about one occurrence of a case that is assigned to you."""
    case_ = get_object_or_404(Case, pk=case_id)
    occurrence = Occurrence.objects.filter(pk=told.occurrence).first() or Occurrence(pk=told.occurrence)
    made = decide(person_of(request), case_, occurrence, Decision.Outcome(told.outcome), reason=told.reason)
    return Status(201, DecidedOut(id=made.pk))


@router.get("/decisions", response={200: DecisionsOut, **ERRORS})
def decisions(request: HttpRequest, limit: _Limit = 50, after: _After = None) -> object:
    """Decisions about what came by the key's surface, in the order in which they were made.

    Ask again with the last page's `after` to learn of new ones. Needs a server's key with the scope `cases`.
    """
    key = server_key(key_of(request), Scope.CASES)
    return standing.decision_standings(key, limit=limit, after=standing.place(after))
