"""The sounds of a source, searched in this process's memory, and kept at the source's state.

Sounds are few beside pictures, and each process that meets one holds them: 12 bytes an item, some 0.4 MB for
an hour of listed sound. A process that never meets a sound loads none.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from safelight.lists.store import Change, ChangeKind, Stamp
from safelight.matching.alignment import Positions, Segment, Windows
from safelight.matching.index import MOST_BLOCKS, Agreement, SoundHit, SoundHits, SoundIndex
from safelight.matching.source import IndexSource
from safelight.sounds import ITEM_BITS, WINDOW, items_of
from safelight.values import pack

LOADED_AT_ONCE: Final = 1000
"""Rows made into a segment at a time."""

TOLD: Final = 20
"""Agreements of one sound with one row that are told: the longest, where there are more."""

_CONSIDERED: Final = 2000
_FAR: Final = 256


class MemorySoundIndex:
    """One signal type's sounds, in segments that are merged as they grow."""

    def __init__(self, signal_type: str) -> None:
        self.signal_type = signal_type
        self._segments: tuple[Segment, ...] = ()
        self._gone: frozenset[int] = frozenset()
        self._count = 0

    def load(self, rows: Iterable[tuple[int, str]]) -> None:
        """Take these rows in place of what was held."""
        fresh = MemorySoundIndex(self.signal_type)
        waiting: list[tuple[int, str]] = []
        for each in rows:
            waiting.append(each)
            if len(waiting) == LOADED_AT_ONCE:
                fresh.add(waiting)
                waiting.clear()
        fresh.add(waiting)
        self._segments, self._gone, self._count = fresh._segments, frozenset(), fresh._count

    def take(self, changes: Sequence[Change]) -> None:
        """Take in the source's next changes; those of other types are passed over."""
        mine = [change for change in changes if change.signal_type == self.signal_type]
        gone = {change.row for change in mine if change.kind is ChangeKind.WITHDRAW}
        added = [(c.row, c.value) for c in mine if c.value is not None and c.row not in gone]
        self.add(added)
        held = gone & {row for segment in self._segments for row in segment.rows} - self._gone
        self._gone |= held
        self._count -= len(held)

    def add(self, rows: Sequence[tuple[int, str]]) -> None:
        """Add rows; each is merged into larger segments only as often as it has doubled."""
        held = {row for segment in self._segments for row in segment.rows}
        new = [(row, value) for row, value in rows if row not in held]
        if not new:
            return
        segments = [*self._segments, self._segment((row, _items(self.signal_type, v)) for row, v in new)]
        while len(segments) > 1 and len(segments[-2]) < 2 * len(segments[-1]):
            last, before = segments.pop(), segments.pop()
            both = [*before.fingerprints(), *last.fingerprints()]
            segments.append(self._segment(each for each in both if each[0] not in self._gone))
        self._segments = tuple(segments)
        self._count += len(new)

    def _segment(self, rows: Iterable[tuple[int, npt.NDArray[np.uint32]]]) -> Segment:
        several = list(rows)
        return Segment([row for row, _ in several], [items for _, items in several])

    def __len__(self) -> int:
        return self._count

    def search(self, value: str, most: int = MOST_BLOCKS) -> SoundHits:
        """Every row that matches, nearest first; bounded memory, whatever the list's length."""
        query = _items(self.signal_type, value)
        segments, gone = self._segments, self._gone
        allowed = _Allowance(most)
        found = (hit for one in segments for hit in _hits(one, allowed.some(one.search(query))))
        hits = sorted((hit for hit in found if hit.row not in gone), key=lambda hit: (hit.distance, hit.row))
        return SoundHits(tuple(hits), most - allowed.left, allowed.exceeded)


class _Allowance:
    """How many more blocks a search may look at."""

    def __init__(self, most: int) -> None:
        self.left = most
        self.exceeded = False

    def some(self, blocks: Iterable[Windows]) -> Iterator[Windows]:
        """As many of them as are allowed."""
        for block in blocks:
            if self.left <= 0:
                self.exceeded = True
                return
            self.left -= 1
            yield block


class SoundIndexes:
    """The sounds of a source by signal type, each loaded when it is first asked for. Safe from any thread."""

    def __init__(self, source: IndexSource) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._held: dict[str, tuple[Stamp, MemorySoundIndex]] = {}

    def of(self, signal_type: str) -> SoundIndex:
        """The index of a type, at the source's present state."""
        now = self._source.stamp()
        with self._lock:
            held, index = self._held.get(signal_type, (None, MemorySoundIndex(signal_type)))
            if held != now:
                if (
                    held is None
                    or (held.workspace, held.epoch) != (now.workspace, now.epoch)
                    or held.sequence > now.sequence
                ):
                    index.load(self._source.live(signal_type))
                else:
                    self._follow(index, held.sequence, now.sequence)
                self._held[signal_type] = now, index
            return index

    def _follow(self, index: MemorySoundIndex, after: int, until: int) -> None:
        while after < until and (changes := self._source.changes(after)):
            index.take(changes)
            after = changes[-1].sequence


def _items(signal_type: str, value: str) -> npt.NDArray[np.uint32]:
    return items_of(pack(signal_type, value))


def _hits(segment: Segment, found: Iterable[Windows]) -> Iterator[SoundHit]:
    nearest = np.full(len(segment.rows), _FAR, dtype=np.int64)
    blocks = []
    for windows in found:
        distances = -(-256 * windows.errors // (ITEM_BITS * windows.width))
        np.minimum.at(nearest, windows.place, distances)
        blocks.append(_runs(windows.place, windows.query, windows.query + windows.width, windows.listed))
    if not blocks:
        return
    runs = _runs(*np.concatenate(blocks, axis=1))
    for place in np.unique(runs[0]).tolist():
        agreements = _longest(runs[1:, runs[0] == place])
        yield SoundHit(int(nearest[place]), segment.rows[place], agreements)


def _runs(place: Positions, start: Positions, end: Positions, listed: Positions) -> npt.NDArray[np.int64]:
    """Agreements that overlap on one diagonal as one; rows of the result as the arguments are."""
    order = np.lexsort((start, listed - start, place))
    place, start, end, listed = place[order], start[order], end[order], listed[order]
    diagonal = listed - start
    begins = np.ones(len(place), dtype=bool)
    begins[1:] = (place[1:] != place[:-1]) | (diagonal[1:] != diagonal[:-1])
    group = np.cumsum(begins) << 32  # so that what ended in one diagonal says nothing of the next
    ended = np.maximum.accumulate(end + group) - group
    begins[1:] |= start[1:] > ended[:-1]
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(place)) - 1
    return np.stack([place[first], start[first], ended[last[: len(first)]], listed[first]])


def _longest(runs: npt.NDArray[np.int64]) -> tuple[Agreement, ...]:
    """The longest that do not overlap in the query, earliest first: a tune that repeats agrees many times."""
    start, end, listed = runs
    told: list[Agreement] = []
    for at in np.lexsort((listed, start, start - end))[:_CONSIDERED]:
        one = Agreement(int(start[at]), int(end[at]), int(listed[at]))
        if len(told) < TOLD and not any(_overlap(one, other) for other in told):
            told.append(one)
    return tuple(sorted(told, key=lambda a: a.start))


def _overlap(one: Agreement, other: Agreement) -> bool:
    return min(one.end, other.end) - max(one.start, other.start) > WINDOW // 2
