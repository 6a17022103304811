"""What a row's clocks say, in the core's words: its retention record, and the terms the operator set."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence, Set
from datetime import datetime, timedelta
from typing import Final, cast
from uuid import UUID

from django.conf import settings
from django.db.models import Max, Min

from safelight.server.cases.models import Case, CaseOccurrence, Decision
from safelight.server.config import Retention as Durations
from safelight.server.people.models import Proposal
from safelight.server.vault.models import Extension as Extended
from safelight.server.vault.models import LegalHold as Hold
from safelight.server.vault.models import SealedObject
from safelight.vault.retention import (
    Basis,
    DestroyRequest,
    Extension,
    LegalHold,
    Retention,
    Standing,
    Terms,
)

_AFTER_A_REPORT: Final = frozenset({Standing.REPORTED, Standing.CONTEXT})


def terms() -> Terms:
    """The durations of the settings."""
    days: Durations = settings.CONFIG.retention
    return Terms(
        preservation=timedelta(days=days.preserve_days),
        complaint_window=timedelta(days=days.complaint_days),
        undecided_alarm=timedelta(days=days.undecided_alarm_days),
        unfinished_alarm=timedelta(days=days.unfinished_alarm_days),
    )


def retention_of(row: SealedObject) -> Retention:
    """The clocks of one object as they stand now; see :func:`retentions_of`."""
    return retentions_of([row])[0]


def retentions_of(rows: Sequence[SealedObject]) -> list[Retention]:
    """The clocks of objects as they stand now, with as many queries for hundreds as for one.

    An unfinished case, or a finished one that confirmed the item and has no receipt yet, counts against what
    the row says: its item may have come again in another case. What was dismissed is kept as the context of a
    report where that lasts longer.
    """
    known = _Known(rows)
    return [_retention(row, known) for row in rows]


class _Known:
    """What the database says of some objects and of their items' cases."""

    def __init__(self, rows: Sequence[SealedObject]) -> None:
        items = {row.item_id for row in rows if row.item_id is not None}
        ids = {row.pk for row in rows}
        self.unfinished = _unfinished_cases(items)
        self.receipts = _latest_receipts(items)
        self.unreported = _unreported_since(items)
        self.holds: defaultdict[UUID, list[LegalHold]] = defaultdict(list)
        for hold in Hold.objects.filter(object__in=ids, released_at=None).order_by("since"):
            self.holds[hold.object_id].append(LegalHold(hold.since, hold.reason, str(hold.person_id)))
        self.extensions: defaultdict[UUID, list[Extension]] = defaultdict(list)
        for one in Extended.objects.filter(object__in=ids).order_by("at"):
            self.extensions[one.object_id].append(Extension(one.until, one.reason, str(one.person_id)))
        wishes = Proposal.objects.filter(kind=Proposal.Kind.EARLY_DESTRUCTION)
        self.approved = wishes.in_bulk(row.early_destruction_id for row in rows if row.early_destruction_id)
        waiting = wishes.filter(subject__in=ids, state=Proposal.State.OPEN).order_by("proposed_at")
        self.waiting = {wish.subject: wish for wish in waiting}


def _retention(row: SealedObject, known: _Known) -> Retention:
    standing, since, days = Standing(row.standing), row.since, terms()
    receipt = known.receipts.get(row.item_id)
    if (
        standing is Standing.DISMISSED
        and receipt is not None
        and receipt + days.preservation > since + days.complaint_window
    ):
        standing, since = Standing.CONTEXT, receipt
    unreported = known.unreported.get(row.item_id)
    if standing in _AFTER_A_REPORT and unreported is not None:
        standing, since = Standing.UNFINISHED, max(since, unreported)
    if unfinished := known.unfinished.get(row.item_id):
        standing = Standing.UNDECIDED if Case.State.OPEN in unfinished else Standing.UNFINISHED
        since = max(since, min(unfinished.values()))
    wish = known.approved.get(row.early_destruction_id) or known.waiting.get(row.pk)
    return Retention(
        since=since,
        standing=standing,
        disputed=row.disputed,
        holds=tuple(known.holds[row.pk]),
        extensions=tuple(known.extensions[row.pk]),
        destroy_request=None if wish is None else _request(wish),
    )


def _unfinished_cases(items: Set[UUID]) -> dict[UUID | None, dict[str, datetime]]:
    """The states of each item's unfinished cases, each with when the oldest of them was opened."""
    members = CaseOccurrence.objects.filter(occurrence__item__in=items).exclude(
        case__state=Case.State.FINISHED
    )
    found: defaultdict[UUID | None, dict[str, datetime]] = defaultdict(dict)
    by_state = members.values("occurrence__item", "case__state").annotate(oldest=Min("case__opened_at"))
    for item, state, oldest in by_state.values_list("occurrence__item", "case__state", "oldest"):
        found[item][state] = oldest
    return found


def _latest_receipts(items: Set[UUID]) -> dict[UUID | None, datetime]:
    """The latest receipt of a report about a case that each item is in, where there is one."""
    members = CaseOccurrence.objects.filter(occurrence__item__in=items, case__preserved__isnull=False)
    latest = members.values("occurrence__item").annotate(latest=Max("case__preserved__at"))
    return dict(latest.values_list("occurrence__item", "latest"))


def _unreported_since(items: Set[UUID]) -> dict[UUID | None, datetime]:
    """When the oldest case that confirmed an item was finished, of those without a receipt, where any is."""
    confirmed = Decision.objects.filter(
        occurrence__item__in=items,
        outcome=Decision.Outcome.CONFIRMED,
        superseded_by__isnull=True,
        case__state=Case.State.FINISHED,
        case__preserved=None,
    )
    oldest = confirmed.values("occurrence__item").annotate(oldest=Min("case__finished_at"))
    return dict(oldest.values_list("occurrence__item", "oldest"))


def _request(wish: Proposal) -> DestroyRequest:
    approved_by = None if wish.decided_by_id is None else str(wish.decided_by_id)
    if wish.single_operator:
        approved_by = "the single operator, as declared"
    detail = cast("dict[str, str]", wish.detail)
    return DestroyRequest(
        at=wish.proposed_at,
        basis=Basis(detail["basis"]),
        reason=wish.reason,
        by=str(wish.proposed_by_id),
        approved_by=approved_by,
    )
