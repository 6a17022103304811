"""From the signals of a file to what they match: search widely, then let each list's own settings decide.

The index returns row numbers only. Which list a row belongs to, whether that list is enabled and how far it
reaches are asked of the store at every search, or again after a moment's tolerance, so that changing them
needs no rebuilding.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from safelight.errors import IndexFileError
from safelight.frames import VPDQ
from safelight.lists.store import HELD, HashListInfo, ListStore, Stamp, StoredEntry
from safelight.lists.videos import listed_frames
from safelight.matching.index import DEFAULT_CAP, MOST_BLOCKS, ExactIndex, HammingIndex, SoundHit, SoundIndex
from safelight.matching.kinds import PDQ
from safelight.matching.models import level_of, weigh
from safelight.matching.videos import Clip, Look, Shown, clips_of, holder
from safelight.signals.audio import SOUND_TYPES, spans
from safelight.signals.weights import SKETCH, SKETCH_DISTANCE, TENSORS
from safelight.types import Match, Part, SearchedList, Signal, Span, Transform

_WIDEN: Final = 8
"""Factor by which a search is widened when rows that no enabled list claims took places under the cap."""
_WIDEST: Final = 1 << 20
"""Hits of one query beyond which a search is not widened any more, and says that it was capped."""

_AT_ONCE: Final = 4096
"""Hashes searched for at a time: a video may have a hundred thousand, in all their variants."""

_TRANSFORMS: Final = tuple(Transform)
_ORDER: Final = {transform: order for order, transform in enumerate(Transform)}


class Indexes(Protocol):
    """The indexes that a matcher searches."""

    def ensure(self, stamp: Stamp) -> None:
        """Return when searches see at least this state; raises :class:`~safelight.errors.IndexBehind`."""
        ...

    def hamming(self, signal_type: str) -> HammingIndex:
        """The index by nearness of that type."""
        ...

    def exact(self, signal_type: str) -> ExactIndex | None:
        """The index by equality of that type; None if there is none, and the store is asked instead."""
        ...

    def sounds(self, signal_type: str) -> SoundIndex:
        """The sounds of that type, at the source's present state."""
        ...


@dataclass(frozen=True, slots=True)
class Matched:
    """What was found, and in which lists; ``capped`` is true when more matched than is told.

    ``searched`` is empty when no enabled list has an entry: then nothing was compared with anything.
    ``failed`` says why nothing was compared by nearness, where the index cannot be relied on: what equals an
    entry is still told, and without that the file is unscanned, never clear.
    """

    matches: tuple[Match, ...] = ()
    capped: bool = False
    searched: tuple[SearchedList, ...] = ()
    failed: IndexFileError | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    """A row that one signal came upon: how near, turned or mirrored how, or when."""

    signal: Signal
    entry: StoredEntry
    distance: int = 0
    transform: Transform = Transform.ORIGINAL
    spans: tuple[Span, ...] = ()

    def nearness(self) -> tuple[int, int]:
        return self.distance, _ORDER[self.transform]


@dataclass(slots=True)
class _Nearest:
    """For each part, list and entry the nearest finding."""

    best: dict[tuple[str, Part, str, str], _Found] = field(default_factory=dict)

    def offer(self, found: _Found) -> None:
        key = found.signal.type, found.signal.part, found.entry.list, found.entry.key
        known = self.best.get(key)
        nearest = found if known is None or found.nearness() < known.nearness() else known
        if known and nearest.spans:
            every = sorted({*known.spans, *found.spans}, key=lambda span: (span.start, span.end))
            nearest = replace(nearest, spans=tuple(every))
        self.best[key] = nearest


@dataclass(frozen=True, slots=True)
class _Query:
    """One hash to search for: a picture compared with listed pictures, a look of a clip, or both."""

    look: Look
    still: bool
    clip: Clip | None


class Matcher:
    """Compares signals with every enabled list of a store. Safe to call from several threads.

    ``cap`` bounds the matches of one signal, nearest first. ``tolerance`` is for how many seconds the lists'
    settings, and that the indexes hold the store's present state, are taken for granted; what was withdrawn
    is never found.
    """

    def __init__(
        self, store: ListStore, indexes: Indexes, cap: int = DEFAULT_CAP, *, tolerance: float = 0.0
    ) -> None:
        self._store = store
        self._indexes = indexes
        self._cap = cap
        self._tolerance = tolerance
        self._known: tuple[float, tuple[HashListInfo, ...]] = (-math.inf, ())

    def match(self, signals: Sequence[Signal], only: Collection[str] | None = None) -> Matched:
        """The matches of one file's signals, in the order of the signals, nearest first.

        ``only`` names the lists to compare with; None means every enabled one. A PDQ signal is searched as it
        is and in its variants, and so is each frame of a vPDQ. For each part, list and entry only the nearest
        way of turning it is told; of listed videos, those that are shown enough of.
        """
        asked_at = time.monotonic()
        until, infos = self._known
        present = asked_at < until
        if not present:
            infos = self._store.lists()
        enabled = (info for info in infos if info.enabled and info.entries)
        lists = {info.name: info for info in enabled if only is None or info.name in only}
        if not lists:
            return Matched()
        nearest, shown = _Nearest(), Shown()
        alike: list[tuple[Signal, StoredEntry]] = []
        capped, failed = False, None
        digests = [signal for signal in signals if signal.type not in _NEAR]
        try:
            if not present:
                self._indexes.ensure(self._store.stamp())
                self._known = asked_at + self._tolerance, infos
            for found in self._equal(digests, lists):
                nearest.offer(found)
            queries = tuple(_queries(signals))
            capped = self._near(queries, lists, nearest, shown)
            alike += self._alike([s for s in signals if s.type == SKETCH.name], lists)
            capped = self._heard([s for s in signals if s.type in SOUND_TYPES], lists, nearest) or capped
        except IndexFileError as error:
            failed = error
            for found in self._stored(digests, lists):
                nearest.offer(found)
        searched = tuple(SearchedList(i.name, i.list_class, i.entries) for i in lists.values())
        matches, cut = self._told(signals, nearest, alike, lists)
        videos = shown.told(lists)
        cut = cut or len(videos) > self._cap
        return Matched((*matches, *videos[: self._cap]), capped or cut, searched, failed)

    def _stored(self, signals: Sequence[Signal], lists: Mapping[str, HashListInfo]) -> Iterator[_Found]:
        """Look-ups by equality in the store itself, which finds its values by HMAC."""
        for signal, entries in zip(signals, self._store.find(signals) if signals else (), strict=True):
            yield from (_Found(signal, entry) for entry in entries if entry.list in lists)

    def _equal(self, signals: Sequence[Signal], lists: Mapping[str, HashListInfo]) -> Iterator[_Found]:
        """Look-ups by equality: in an index where the type has one, else in the store."""
        yield from self._stored([s for s in signals if self._indexes.exact(s.type) is None], lists)
        for signal in signals:
            if index := self._indexes.exact(signal.type):
                (rows,) = index.find_many([signal.value])
                live = self._store.resolve(rows)
                yield from (_Found(signal, entry) for entry in live.values() if entry.list in lists)

    def _near(
        self, queries: Sequence[_Query], lists: Mapping[str, HashListInfo], nearest: _Nearest, shown: Shown
    ) -> bool:
        """Search every signal and variant at the widest distance of any list; true if a cap cut something."""
        every = [
            (query, transform, value)
            for query in queries
            for transform, value in zip(
                _TRANSFORMS, (query.look.signal.value, *query.look.signal.variants), strict=False
            )
        ]
        capped = False
        for at in range(0, len(every), _AT_ONCE):
            capped = self._some(every[at : at + _AT_ONCE], lists, nearest, shown) or capped
        return capped

    def _some(
        self,
        asked: list[tuple[_Query, Transform, str]],
        lists: Mapping[str, HashListInfo],
        nearest: _Nearest,
        shown: Shown,
    ) -> bool:
        cap, capped = self._cap, False
        radius = max(info.distance for info in lists.values())
        index = self._indexes.hamming(PDQ.signal_type)
        while asked:
            results = index.search_many([value for _, _, value in asked], radius, cap)
            entries = self._store.resolve({hit.row for hits in results for hit in hits.hits})
            crowded = []
            for (query, transform, value), hits in zip(asked, results, strict=True):
                claimed = 0
                for hit in hits.hits:
                    entry = entries.get(hit.row)
                    if entry and entry.list in lists and hit.distance <= lists[entry.list].distance:
                        found = _Found(query.look.signal, entry, hit.distance, transform)
                        _take(query, found, nearest, shown)
                        claimed += 1
                if hits.capped and claimed < self._cap and cap < _WIDEST:
                    crowded.append((query, transform, value))
                else:
                    capped = capped or hits.capped
            asked, cap = crowded, cap * _WIDEN
        return capped

    def _heard(self, signals: Sequence[Signal], lists: Mapping[str, HashListInfo], nearest: _Nearest) -> bool:
        """Listed sounds that agree with these for a while; true if not everything was compared."""
        left, capped = MOST_BLOCKS, False
        for signal in signals:
            found = self._indexes.sounds(signal.type).search(signal.value, left)
            left, capped = left - found.blocks, capped or found.capped
            entries = self._store.resolve([hit.row for hit in found.hits])
            for hit in found.hits:
                entry = entries.get(hit.row)
                if entry and entry.list in lists:
                    nearest.offer(_Found(signal, entry, hit.distance, spans=_spans(signal, hit)))
        return capped

    def _alike(
        self, sketches: Sequence[Signal], lists: Mapping[str, HashListInfo]
    ) -> Iterator[tuple[Signal, StoredEntry]]:
        """Listed tensors of nearly the same order."""
        if not sketches:
            return
        index = self._indexes.hamming(SKETCH.name)
        results = index.search_many([signal.value for signal in sketches], SKETCH_DISTANCE, self._cap)
        entries = self._store.resolve({hit.row for hits in results for hit in hits.hits})
        for signal, hits in zip(sketches, results, strict=True):
            for hit in hits.hits:
                entry = entries.get(hit.row)
                if entry and entry.list in lists:
                    yield signal, entry

    def _told(
        self,
        signals: Sequence[Signal],
        nearest: _Nearest,
        alike: Sequence[tuple[Signal, StoredEntry]],
        lists: Mapping[str, HashListInfo],
    ) -> tuple[tuple[Match, ...], bool]:
        """Matches in the order of the signals, at most the cap for each; and whether that cut any."""
        of_part: dict[tuple[str, Part], list[_Found]] = {(s.type, s.part): [] for s in signals}
        for (type_, part, _, _), found in nearest.best.items():
            if type_ not in TENSORS:
                of_part[type_, part].append(found)
        for all_found in of_part.values():
            all_found.sort(key=lambda f: (f.distance, f.entry.list, f.entry.key))
        told = [found for all_found in of_part.values() for found in all_found[: self._cap]]
        cut = any(len(all_found) > self._cap for all_found in of_part.values())
        equal = ((found.signal, found.entry) for found in nearest.best.values() if not found.distance)
        models = weigh(equal, alike, signals, lists)
        return (*(_match(found, lists[found.entry.list]) for found in told), *models), cut


_NEAR: Final = frozenset({PDQ.signal_type, VPDQ, SKETCH.name, *SOUND_TYPES})
"""Types that are compared by nearness."""


def _spans(signal: Signal, hit: SoundHit) -> tuple[Span, ...]:
    return spans(signal, ((each.start, each.end, each.listed) for each in hit.agreements))


def _queries(signals: Sequence[Signal]) -> Iterator[_Query]:
    """Each picture, for listed pictures and, as a clip of one frame, for videos; and each look of a video."""
    videos = {signal.part for signal in signals if signal.type == VPDQ}
    for clip in clips_of(signals):
        for look in clip.looks:
            yield _Query(look, clip.signal.type == PDQ.signal_type, clip)
    for signal in signals:
        if signal.type == PDQ.signal_type and holder(signal.part) in videos:
            yield _Query(Look(signal), still=True, clip=None)


def _take(query: _Query, found: _Found, nearest: _Nearest, shown: Shown) -> None:
    frame = listed_frames(found.entry.flags) is not None
    if query.still and not frame:
        nearest.offer(found)
    elif query.clip and (frame or query.clip.stills):
        shown.take(query.clip, query.look, found.entry, found.distance, found.transform)


def _match(found: _Found, info: HashListInfo) -> Match:
    return Match(
        found.signal,
        info.name,
        found.entry.list_class or info.list_class,
        found.entry.key,
        found.entry.classification,
        found.distance,
        found.transform,
        info.shadow,
        info.held or HELD in found.entry.flags,
        level_of(found.signal),
        spans=found.spans,
    )
