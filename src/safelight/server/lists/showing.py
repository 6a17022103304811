"""Gathers what is shown of a list from its tables."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Final

from django.db.models import Count, Exists, OuterRef

from safelight.server.cases.models import Decision
from safelight.server.ids import now
from safelight.server.lists.models import HashList, Hit, RecheckHit, WaitingBatch, WaitingEntry
from safelight.server.lists.summaries import ListSummary, Precision, WaitingView
from safelight.types import ListClass

_KEYS_SHOWN: Final = 100
_GRACE: Final = 1.5
"""A source is overdue after one and a half of its intervals: one late sync is no alarm."""


def summary_of(row: HashList) -> ListSummary:
    """A list as people see it."""
    waiting = dict(
        WaitingEntry.objects.filter(batch__list=row, batch__state=WaitingBatch.State.WAITING)
        .values_list("batch__kind")
        .annotate(Count("id"))
    )
    admitted = row.batches.filter(state=WaitingBatch.State.ADMITTED, review_at__isnull=False)
    tallies = row.tallies.filter(entries__gt=0).order_by("signal_type")
    return ListSummary(
        id=row.uid,
        name=row.name,
        list_class=ListClass(row.list_class),
        distance=row.distance,
        query_percent=row.query_percent,
        listed_percent=row.listed_percent,
        shadow=row.shadow,
        enabled=row.enabled,
        admitted=row.admitted,
        own=row.own,
        source=row.source,
        sharing_terms=row.sharing_terms,
        categories={told: ListClass(class_) for told, class_ in row.categories.items()},
        entries=dict(tallies.values_list("signal_type", "entries")),
        last_change=row.changed_at,
        synced_at=row.synced_at,
        expected_hours=row.expected_hours,
        stale=is_stale(row),
        precision=precision_of(row),
        most_hits_percent=row.most_hits_percent,
        most_dismissed_percent=row.most_dismissed_percent,
        review_dates=tuple(
            at for at in admitted.order_by("review_at").values_list("review_at", flat=True).distinct() if at
        ),
        held_reason=row.held_reason,
        held_at=row.held_at,
        proposed=waiting.get(WaitingBatch.Kind.PROPOSED.value, 0),
        quarantined=waiting.get(WaitingBatch.Kind.QUARANTINE.value, 0),
        recheck_waiting=row.recheck_hits.filter(state=RecheckHit.State.WAITING).count(),
    )


def is_stale(row: HashList) -> bool:
    """Whether a list that is expected to be brought in again and again has not been for too long."""
    if not row.expected_hours:
        return False
    since = row.synced_at or row.made_at
    return now() - since > timedelta(hours=row.expected_hours * _GRACE)


def precision_of(row: HashList) -> Precision:
    """Confirmed and dismissed occurrences that the list hit; a superseded decision does not count."""
    standing = Decision.objects.exclude(Exists(Decision.objects.filter(supersedes=OuterRef("pk"))))
    hit = Hit.objects.filter(list=row, occurrence=OuterRef("occurrence"))
    outcomes = Counter(standing.filter(Exists(hit)).values_list("outcome", flat=True))
    return Precision(outcomes[Decision.Outcome.CONFIRMED.value], outcomes[Decision.Outcome.DISMISSED.value])


def waiting_views(name: str | None) -> tuple[WaitingView, ...]:
    """What waits for people, oldest first."""
    batches = WaitingBatch.objects.filter(state=WaitingBatch.State.WAITING).select_related("list")
    if name is not None:
        batches = batches.filter(list__name=name)
    return tuple(_view(batch) for batch in batches.order_by("made_at"))


def _view(batch: WaitingBatch) -> WaitingView:
    why = dict(batch.entries.exclude(why="").values_list("why").annotate(Count("id")))
    return WaitingView(
        id=batch.pk,
        list_name=batch.list.name,
        kind=batch.kind,
        entries=batch.entries.count(),
        reason=batch.reason,
        review_at=batch.review_at,
        made_at=batch.made_at,
        why=why,
        keys=tuple(batch.entries.order_by("id").values_list("key", flat=True)[:_KEYS_SHOWN]),
    )
