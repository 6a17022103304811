"""What is known about one case, without any of its media: for the console and the programming interface."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

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
from safelight.server.people.actors import Actor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission
from safelight.types import ListClass, Match


@dataclass(frozen=True, slots=True)
class MatchFacts:
    """What matched and how closely (0-256 bits; 0 for digests). Never the listed value."""

    list: str
    list_class: ListClass
    entry_key: str
    classification: str | None
    signal: str
    exact: bool
    distance: int
    part: str
    shadow: bool


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
    """One occurrence in the case. ``what`` is a media kind, ``text`` or ``url``; ``size`` is in bytes."""

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


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """An account with its role in this case."""

    id: UUID
    platform_id: str
    role: CaseAccount.Role


@dataclass(frozen=True, slots=True)
class CommentFacts:
    """A note."""

    person: UUID
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """One case. ``merged_into`` is set where it is empty because another one has what was in it."""

    summary: CaseSummary
    accounts: tuple[AccountFacts, ...]
    members: tuple[MemberFacts, ...]
    comments: tuple[CommentFacts, ...]
    split_from: UUID | None
    merged_into: UUID | None


def facts(actor: Actor, case: Case) -> CaseFacts:
    """Everything about a case but its media, and its texts and addresses, which are content too."""
    require(actor, Permission.CASE_READ_OWN, case=case)
    keys = record_keys()
    case = Case.objects.get(pk=case.pk)
    return CaseFacts(
        summaries([case])[0],
        tuple(
            AccountFacts(one.account_id, platform_id(keys, one.account), CaseAccount.Role(one.role))
            for one in case.accounts.select_related("account").order_by("pk")
        ),
        _members(case, keys),
        tuple(
            CommentFacts(one.person_id, keys.open_content("comment", one.pk, one.text), one.at)
            for one in case.comments.order_by("at", "pk")
        ),
        case.split_from_id,
        case.merged_into_id,
    )


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


def _members(case: Case, keys: RecordKeys) -> tuple[MemberFacts, ...]:
    occurrences = list(
        Occurrence.objects.filter(membership__case=case)
        .select_related("intake", "item", "surface")
        .prefetch_related("ip_events")
        .order_by("recorded_at", "pk")
    )
    standing = {
        decision.occurrence_id: _decided(decision)
        for decision in standing_decisions().filter(occurrence__in=occurrences)
    }
    complaints = Complaint.objects.filter(occurrence__in=occurrences, state=Complaint.State.OPEN)
    disputed = set(complaints.values_list("occurrence", flat=True))
    items = {one.item.pk: one.item for one in occurrences if one.item is not None}
    matched = {id_: _matches(matches_of(item)) for id_, item in items.items()}
    return tuple(
        _member(one, keys, matched, standing.get(one.pk), complaint_open=one.pk in disputed)
        for one in occurrences
    )


def _member(
    occurrence: Occurrence,
    keys: RecordKeys,
    matched: dict[UUID, tuple[MatchFacts, ...]],
    decision: DecisionFacts | None,
    *,
    complaint_open: bool,
) -> MemberFacts:
    told, intake, item = told_of_occurrence(keys, occurrence), occurrence.intake, occurrence.item
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
        content_id=told.content_id,
        file_name=told.file_name,
        account=occurrence.account_id,
        surface=occurrence.surface.name if occurrence.surface else "",
        country=occurrence.country,
        visibility=occurrence.visibility,
        first_seen=occurrence.first_seen,
        occurred_at=occurrence.occurred_at,
        recorded_at=occurrence.recorded_at,
        ip_events=tuple(ip_seen(keys, event) for event in occurrence.ip_events.all()),
        matches=matched[item.pk] if item else (),
        decision=decision,
        complaint_open=complaint_open,
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
