"""Which files of the past an entry matches, and where they were seen: never a private communication."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet

from safelight.matching.kinds import PDQ
from safelight.matching.opening import StoredIndexes
from safelight.server.ids import now
from safelight.server.intake.arrivals import TOLD_BY_SOMEBODY
from safelight.server.intake.models import Occurrence, Surface
from safelight.server.lists.models import SeenHash
from safelight.server.lists.seen import VARIANTS, SeenSource, process_seen_keys
from safelight.server.secrets import process_keys
from safelight.types import Coverage, Signal, Span, Transform

SEARCHED_FOR: Final = 10_000
"""Kept hashes found of one entry at most; an entry that finds so many falls to hold."""

_TRANSFORMS: Final = tuple(Transform)
_lock: Final = threading.Lock()
_indexes: StoredIndexes | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """A kept hash that an entry matches: how near, and turned how; of recordings also how much, and when."""

    seen: int
    item: UUID
    signal_type: str
    part: str
    distance: int = 0
    transform: Transform = Transform.ORIGINAL
    coverage: Coverage | None = None
    spans: tuple[Span, ...] = ()


def find_past(signal: Signal, distance: int) -> tuple[list[Past], bool]:
    """The kept hashes within a list's distance of an entry, nearest first; and whether there are more.

    Digests and pictures; videos and sounds are for :mod:`.past_recordings`.
    """
    if signal.type != PDQ.signal_type:
        rows = SeenHash.objects.filter(
            signal_type=signal.type, tag__in=process_seen_keys().tags(signal)
        ).order_by("id")[: SEARCHED_FOR + 1]
        found = [Past(row.pk, row.item_id, row.signal_type, row.part) for row in rows]
        return found[:SEARCHED_FOR], len(found) > SEARCHED_FOR
    indexes = process_indexes()
    indexes.ensure(_source().stamp())
    hits = indexes.hamming(PDQ.signal_type).search(signal.value, distance, SEARCHED_FOR)
    nearest: dict[int, tuple[int, int]] = {}
    for hit in hits.hits:
        number, variant = divmod(hit.row, VARIANTS)
        nearest[number] = min(nearest.get(number, (hit.distance, variant)), (hit.distance, variant))
    rows_by_number = SeenHash.objects.in_bulk(list(nearest), field_name="number")
    past = [
        Past(row.pk, row.item_id, row.signal_type, row.part, far, _TRANSFORMS[variant])
        for number, (far, variant) in nearest.items()
        if (row := rows_by_number.get(number)) is not None
    ]
    return past, hits.capped


def process_indexes() -> StoredIndexes:
    """This process's view of the kept hashes' index; whoever finds it behind brings it up to date."""
    global _indexes  # noqa: PLW0603
    with _lock:
        if _indexes is None:
            directory = settings.CONFIG.workspace / "seen-index"
            _indexes = StoredIndexes(_source(), directory, _source().layout_key, patience=30.0)
        return _indexes


@functools.cache
def _source() -> SeenSource:
    return SeenSource(process_keys())


def kept_since() -> datetime:
    """How far back files are re-checked."""
    return now() - timedelta(days=settings.CONFIG.retention.seen_days)


def occurrences_of(items: Iterable[UUID]) -> QuerySet[Occurrence]:
    """Where these files were seen while their hashes are kept, private communications left out."""
    private = Q(surface__visibility=Surface.Visibility.PRIVATE) | Q(visibility=Occurrence.Visibility.PRIVATE)
    unasked = private & ~Q(intake__kind__in=[kind.value for kind in TOLD_BY_SOMEBODY])
    seen = Occurrence.objects.filter(item_id__in=list(items), recorded_at__gte=kept_since())
    return seen.exclude(pk__in=seen.filter(unasked).values("pk"))


def not_in_a_case(occurrences: QuerySet[Occurrence]) -> QuerySet[Occurrence]:
    """Those that no case has yet."""
    return occurrences.filter(membership=None)
