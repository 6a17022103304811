"""What is known about one case, without any of its media: for the console and the programming interface."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ParamSpec, TypeVar
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from safelight.errors import KeyMismatch
from safelight.scan.policy import is_exact
from safelight.server.cases.errors import NotInCase
from safelight.server.cases.events import Event
from safelight.server.cases.hash_confirmed import matches_of
from safelight.server.cases.models import Case, CaseAccount, Complaint, Decision
from safelight.server.cases.queue import CaseSummary, summaries
from safelight.server.cases.services import standing_decisions
from safelight.server.intake.context import IpSeen
from safelight.server.intake.models import Item, Occurrence
from safelight.server.intake.record_keys import RecordKeys, record_keys
from safelight.server.intake.told import ip_seen, platform_id, told_of_occurrence
from safelight.server.ledger.services import record
from safelight.server.paging import LARGEST_PAGE, Page, page_size, wrong_place
from safelight.server.people.actors import Actor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission
from safelight.types import Coverage, ListClass, Match, ModelLevel, Span

_P = ParamSpec("_P")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class MatchFacts:
    """What matched and how closely (0-256 bits; 0 for digests). Never the listed value.

    Of model files ``level`` says how far the file is the listed model, and ``share`` (0-1) how much of it. Of
    videos ``coverage`` says how much of each is the same; ``spans`` are when a video or sound matches.
    """

    list: str
    list_class: ListClass
    entry_key: str
    classification: str | None
    signal: str
    exact: bool
    distance: int
    part: str
    shadow: bool
    held: bool
    level: ModelLevel | None
    share: float | None
    coverage: Coverage | None
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class DecisionFacts:
    """The decision that stands. ``person`` is None where the operator's policy decided."""

    id: UUID
    outcome: Decision.Outcome
    basis: Decision.Basis
    person: UUID | None
    policy_rule: str
    reason: str
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """One occurrence in the case. ``what`` is a media kind, ``text`` or ``url``; ``size`` is in bytes.

    ``unreadable`` says that something sealed could not be opened: what is empty here may not be so.
    """

    occurrence: UUID
    intake: UUID
    came_as: str
    what: str
    mime: str
    size: int | None
    item: UUID | None
    outcome: str
    reason: str
    content_id: str
    file_name: str
    account: UUID | None
    surface: str
    country: str
    visibility: str
    first_seen: bool
    occurred_at: datetime | None
    recorded_at: datetime
    ip_events: tuple[IpSeen, ...]
    matches: tuple[MatchFacts, ...]
    decision: DecisionFacts | None
    complaint_open: bool
    unreadable: bool


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """An account with its role in this case. ``platform_id`` is None where it cannot be read."""

    id: UUID
    platform_id: str | None
    role: CaseAccount.Role


@dataclass(frozen=True, slots=True)
class CommentFacts:
    """A note. ``text`` is None where it cannot be read."""

    person: UUID
    text: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """One case. ``merged_into`` is set where it is empty because another one has what was in it.

    ``more`` asks for the occurrences after ``members``; None means that these are all.
    """

    summary: CaseSummary
    accounts: tuple[AccountFacts, ...]
    members: tuple[MemberFacts, ...]
    more: str | None
    comments: tuple[CommentFacts, ...]
    split_from: UUID | None
    merged_into: UUID | None


def facts(actor: Actor, case: Case, *, limit: int = LARGEST_PAGE, after: str | None = None) -> CaseFacts:
    """Everything about a case but its media, and its texts and addresses, which are content too.

    ``limit`` occurrences at most, 1 to 200, the oldest first. Raises :class:`~safelight.errors.UsageError`.
    """
    require(actor, Permission.CASE_READ_OWN, case=case)
    keys = record_keys()
    case = Case.objects.get(pk=case.pk)
    page = _occurrences(case, page_size(limit), after)
    return CaseFacts(
        summaries([case])[0],
        tuple(
            AccountFacts(
                one.account_id, if_readable(platform_id, keys, one.account), CaseAccount.Role(one.role)
            )
            for one in case.accounts.select_related("account").order_by("pk")
        ),
        _members(page.items, keys),
        page.after,
        tuple(
            CommentFacts(one.person_id, if_readable(keys.open_content, "comment", one.pk, one.text), one.at)
            for one in case.comments.order_by("at", "pk")
        ),
        case.split_from_id,
        case.merged_into_id,
    )


def if_readable(read: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T | None:
    """What ``read`` opens; None where what was sealed was altered, or its key is another."""
    try:
        return read(*args, **kwargs)
    except KeyMismatch:
        return None


def read_words(actor: Actor, case: Case, occurrence: Occurrence) -> str:
    """The text or address of an occurrence in the case. That it was read stands in the ledger.

    Raises :class:`NotInCase`, also for a file, which has no words.
    """
    require(actor, Permission.EVIDENCE_VIEW, case=case)
    there = Occurrence.objects.filter(membership__case=case, pk=occurrence.pk, item=None).first()
    if there is None:
        raise NotInCase(_("This case has no such text or address."))
    kind, sealed = ("text", there.text) if there.text is not None else ("url", there.url)
    assert sealed is not None  # a constraint says so
    with transaction.atomic():
        record(Event.WORDS_READ, actor, subject=occurrence.pk, payload={"case": str(case.pk)})
    return record_keys().open_content(kind, occurrence.pk, sealed)


def _occurrences(case: Case, limit: int, after: str | None) -> Page[Occurrence]:
    """In the order of their ids, which are UUIDv7: as they were recorded."""
    members = Occurrence.objects.filter(membership__case=case).order_by("pk")
    if after is not None:
        try:
            members = members.filter(pk__gt=UUID(after))
        except ValueError:
            raise wrong_place() from None
    shown = members.select_related("intake", "item", "surface").prefetch_related("ip_events")
    found = list(shown[: limit + 1])
    return Page(tuple(found[:limit]), str(found[limit - 1].pk) if len(found) > limit else None)


def _members(occurrences: Sequence[Occurrence], keys: RecordKeys) -> tuple[MemberFacts, ...]:
    standing = {
        decision.occurrence_id: _decided(decision)
        for decision in standing_decisions().filter(occurrence__in=occurrences)
    }
    complaints = Complaint.objects.filter(occurrence__in=occurrences, state=Complaint.State.OPEN)
    disputed = set(complaints.values_list("occurrence", flat=True))
    items = {one.item.pk: one.item for one in occurrences if one.item is not None}
    matched = {id_: if_readable(matches_of, item) for id_, item in items.items()}
    return tuple(
        _member(one, keys, matched, standing.get(one.pk), complaint_open=one.pk in disputed)
        for one in occurrences
    )


def _member(
    occurrence: Occurrence,
    keys: RecordKeys,
    matched: dict[UUID, tuple[Match, ...] | None],
    decision: DecisionFacts | None,
    *,
    complaint_open: bool,
) -> MemberFacts:
    intake, item = occurrence.intake, occurrence.item
    told = if_readable(told_of_occurrence, keys, occurrence)
    matches = matched[item.pk] if item else ()
    events = [if_readable(ip_seen, keys, event) for event in occurrence.ip_events.all()]
    return MemberFacts(
        occurrence=occurrence.pk,
        intake=intake.pk,
        came_as=intake.kind,
        what=_what(occurrence, item),
        mime=item.mime if item else "",
        size=item.size if item else None,
        item=occurrence.item_id,
        outcome=intake.outcome,
        reason=intake.reason,
        content_id=told.content_id if told else "",
        file_name=told.file_name if told else "",
        account=occurrence.account_id,
        surface=occurrence.surface.name if occurrence.surface else "",
        country=occurrence.country,
        visibility=occurrence.visibility,
        first_seen=occurrence.first_seen,
        occurred_at=occurrence.occurred_at,
        recorded_at=occurrence.recorded_at,
        ip_events=tuple(event for event in events if event is not None),
        matches=_matches(matches or ()),
        decision=decision,
        complaint_open=complaint_open,
        unreadable=told is None or matches is None or None in events,
    )


def _what(occurrence: Occurrence, item: Item | None) -> str:
    if item is not None:
        return item.kind
    return "text" if occurrence.text is not None else "url"


def _matches(found: Iterable[Match]) -> tuple[MatchFacts, ...]:
    return tuple(
        MatchFacts(
            one.list,
            one.list_class,
            one.entry_key,
            one.classification,
            one.signal.type,
            is_exact(one),
            one.distance,
            str(one.signal.part),
            one.shadow,
            one.held,
            one.level,
            one.share,
            one.coverage,
            one.spans,
        )
        for one in found
    )


def _decided(decision: Decision) -> DecisionFacts:
    return DecisionFacts(
        decision.pk,
        Decision.Outcome(decision.outcome),
        Decision.Basis(decision.basis),
        decision.person_id,
        decision.policy_rule,
        decision.reason,
        decision.decided_at,
    )
