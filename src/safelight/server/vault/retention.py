"""What a row's clocks say, in the core's words: its retention record, and the terms the operator set."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, cast

from django.conf import settings
from django.db.models import Max, Min

from safelight.server.cases.models import Case, Decision
from safelight.server.config import Retention as Durations
from safelight.server.people.models import Proposal
from safelight.server.vault.models import Preserved, SealedObject
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
    """The clocks of one object as they stand now.

    An unfinished case, or a finished one that confirmed the item and has no receipt yet, counts against what
    the row says: its item may have come again in another case. What was dismissed is kept as the context of a
    report where that lasts longer.
    """
    standing, since = Standing(row.standing), row.since
    if standing is Standing.DISMISSED and (receipt := _latest_receipt(row)) is not None:
        days = terms()
        if receipt + days.preservation > since + days.complaint_window:
            standing, since = Standing.CONTEXT, receipt
    if standing in _AFTER_A_REPORT and (unreported := _unreported_since(row)) is not None:
        standing, since = Standing.UNFINISHED, max(since, unreported)
    unfinished = _unfinished_cases(row)
    if unfinished:
        standing = Standing.UNDECIDED if Case.State.OPEN in unfinished else Standing.UNFINISHED
        since = max(since, min(unfinished.values()))
    return Retention(
        since=since,
        standing=standing,
        disputed=row.disputed,
        holds=tuple(
            LegalHold(hold.since, hold.reason, str(hold.person_id))
            for hold in row.holds.filter(released_at=None).order_by("since")
        ),
        extensions=tuple(
            Extension(one.until, one.reason, str(one.person_id)) for one in row.extensions.order_by("at")
        ),
        destroy_request=_request(row),
    )


def _unfinished_cases(row: SealedObject) -> dict[str, datetime]:
    """The states of the item's unfinished cases, each with when the oldest of them was opened."""
    if row.item_id is None:
        return {}
    cases = Case.objects.filter(members__occurrence__item_id=row.item_id).exclude(state=Case.State.FINISHED)
    return dict(cases.values("state").annotate(oldest=Min("opened_at")).values_list("state", "oldest"))


def _latest_receipt(row: SealedObject) -> datetime | None:
    """The latest receipt of a report about a case that the item is in; None if there is none."""
    if row.item_id is None:
        return None
    of_item = Preserved.objects.filter(case__members__occurrence__item_id=row.item_id)
    latest: datetime | None = of_item.aggregate(latest=Max("at"))["latest"]
    return latest


def _unreported_since(row: SealedObject) -> datetime | None:
    """When the oldest case that confirmed the item was finished, of those without a receipt; None if none."""
    if row.item_id is None:
        return None
    confirmed = Decision.objects.filter(
        occurrence__item_id=row.item_id, outcome=Decision.Outcome.CONFIRMED, superseded_by__isnull=True
    )
    finished = Case.objects.filter(pk__in=confirmed.values("case"), state=Case.State.FINISHED, preserved=None)
    oldest: datetime | None = finished.aggregate(oldest=Min("finished_at"))["oldest"]
    return oldest


def _request(row: SealedObject) -> DestroyRequest | None:
    wish = row.early_destruction or (
        Proposal.objects.filter(
            kind=Proposal.Kind.EARLY_DESTRUCTION, subject=row.pk, state=Proposal.State.OPEN
        )
        .order_by("proposed_at")
        .last()
    )
    if wish is None:
        return None
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
