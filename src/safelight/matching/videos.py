"""From frames that are listed to how far a file shows a listed video: one match a video, with both shares.

A query is a clip: the frames of a video, or one picture, which is a clip of one frame. Frames are compared
one by one, in no order, as vPDQ does; a match is told where enough of the query, or enough of what is listed,
was found, and each list says what is enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from safelight.errors import UsageError
from safelight.frames import LEAST_QUALITY, VPDQ, parse_frames
from safelight.lists.store import HELD, HashListInfo, StoredEntry
from safelight.lists.videos import ListedFrames, listed_frames
from safelight.types import Coverage, Match, Part, Signal, Span, Transform

MOST_SPANS: Final = 100
"""Stretches that a match tells; of more, the longest."""

_STANDS_FOR: Final = 1.0
"""Seconds that the last frame of a stretch is taken to be shown for: frames are hashed once a second."""

_RENDERINGS: Final = frozenset({"t", "frame", "over"})


@dataclass(frozen=True, slots=True)
class Look:
    """One hash of a clip, and the moments in seconds at which it is shown (0 of a picture)."""

    signal: Signal
    moments: tuple[float, ...] = (0.0,)


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """What is compared with listed videos; ``signal`` is what a match is said to be of.

    ``stills`` says that its frames are to be compared with listed pictures as well.
    """

    signal: Signal
    looks: tuple[Look, ...]
    stills: bool = False

    @property
    def frames(self) -> int:
        """How many are compared."""
        return sum(len(look.moments) for look in self.looks)


def holder(part: Part) -> Part:
    """The picture or video that a frame is of."""
    return Part(part.members, tuple(s for s in part.selectors if s[0] not in _RENDERINGS))


def clips_of(signals: Sequence[Signal]) -> Iterator[Clip]:
    """The clips among the signals of a file. Raises :class:`~safelight.errors.UsageError` for a bad vPDQ."""
    videos = {signal.part for signal in signals if signal.type == VPDQ}
    pictured = {holder(signal.part) for signal in signals if signal.type == "pdq"}
    for signal in signals:
        if signal.type == VPDQ:
            looks = tuple(looks_of(signal))
            if looks:
                yield Clip(signal, looks, stills=signal.part not in pictured)
        elif signal.type == "pdq" and holder(signal.part) not in videos:
            yield Clip(signal, (Look(signal),))


def looks_of(signal: Signal) -> Iterator[Look]:
    """The looks of a vPDQ that can be compared, each as a PDQ signal of the moment it is first shown at.

    Raises :class:`~safelight.errors.UsageError` for a value that is no vPDQ.
    """
    try:
        original, *turned = (parse_frames(text) for text in (signal.value, *signal.variants))
    except ValueError as error:
        raise UsageError(f"A vPDQ cannot be looked for: {error}.") from None
    moments: dict[str, list[float]] = {}
    first: dict[str, Signal] = {}
    for number, frame in enumerate(original):
        if frame.quality < LEAST_QUALITY:
            continue
        if frame.value not in first:
            variants = tuple(one[number].value for one in turned)
            part = signal.part.select(t=round(frame.seconds, 3))
            first[frame.value] = Signal("pdq", frame.value, frame.quality, part, variants)
        moments.setdefault(frame.value, []).append(frame.seconds)
    yield from (Look(first[value], tuple(times)) for value, times in moments.items())


@dataclass(slots=True)
class _Shown:
    """What one clip shows of one listed video or picture."""

    clip: Clip
    entry: StoredEntry
    listed: ListedFrames | None
    signal: Signal
    distance: int
    transform: Transform
    held: bool = False
    looks: dict[str, tuple[int, float]] = field(default_factory=dict)
    rows: dict[int, int] = field(default_factory=dict)

    @property
    def coverage(self) -> Coverage:
        frames = sum(len(look.moments) for look in self.clip.looks if look.signal.value in self.looks)
        total = self.listed.total if self.listed else 1
        return Coverage(frames / self.clip.frames, min(1.0, sum(self.rows.values()) / total))

    def spans(self) -> tuple[Span, ...]:
        """When the clip shows it, as far as frames that follow each other do."""
        if self.clip.signal.type != VPDQ:
            return ()
        moments = sorted((at, look.signal.value) for look in self.clip.looks for at in look.moments)
        spans: list[Span] = []
        begun: tuple[float, float] | None = None
        last = 0.0
        for at, value in (*moments, (float("inf"), "")):
            found = self.looks.get(value)
            if found is None:
                if begun:
                    spans.append(Span(begun[0], round(min(last + _STANDS_FOR, at), 3), begun[1]))
                begun = None
            else:
                begun, last = begun or (at, found[1]), at
        longest = sorted(spans, key=lambda span: span.start - span.end)[:MOST_SPANS]
        return tuple(sorted(longest, key=lambda span: span.start))


class Shown:
    """Gathers what clips show of listed videos, and of listed pictures."""

    def __init__(self) -> None:
        self._shown: dict[tuple[Clip, str, str, bool], _Shown] = {}

    def take(self, clip: Clip, look: Look, entry: StoredEntry, distance: int, transform: Transform) -> None:
        """One look of a clip that is near a listed frame or picture."""
        listed = listed_frames(entry.flags)
        where = clip, entry.list, entry.key, listed is None
        shown = self._shown.get(where)
        if shown is None:
            shown = self._shown[where] = _Shown(clip, entry, listed, look.signal, distance, transform)
        if distance < shown.distance:
            shown.signal, shown.distance, shown.transform = look.signal, distance, transform
            shown.entry = entry
        shown.held = shown.held or HELD in entry.flags
        shown.rows[entry.row] = listed.count if listed else 1
        known = shown.looks.get(look.signal.value)
        if known is None or distance < known[0]:
            shown.looks[look.signal.value] = distance, listed.seconds if listed else 0.0

    def told(self, lists: Mapping[str, HashListInfo]) -> tuple[Match, ...]:
        """A match for each listed picture shown, and for each listed video of which enough is; most first."""
        every = ((shown.coverage, shown) for shown in self._shown.values())
        told = [
            (coverage, shown)
            for coverage, shown in every
            if _enough(shown, coverage, lists[shown.entry.list])
        ]
        told.sort(key=lambda each: (-max(each[0].query, each[0].listed), each[1].distance))
        return tuple(_match(shown, coverage, lists[shown.entry.list]) for coverage, shown in told)


def _enough(shown: _Shown, coverage: Coverage, info: HashListInfo) -> bool:
    if shown.listed is None:
        return True
    return coverage.query * 100 >= info.query_percent or coverage.listed * 100 >= info.listed_percent


def _match(shown: _Shown, coverage: Coverage, info: HashListInfo) -> Match:
    entry = shown.entry
    return Match(
        shown.signal if shown.listed is None else shown.clip.signal,
        info.name,
        entry.list_class or info.list_class,
        entry.key,
        entry.classification,
        shown.distance,
        shown.transform,
        info.shadow,
        info.held or shown.held,
        coverage=coverage,
        spans=shown.spans(),
    )


def matched_signals(matches: Iterable[Match], signals: Sequence[Signal]) -> tuple[Signal, ...]:
    """The frames that matched and are no signals of their own yet: what matches tell, results hold."""
    known = {(signal.type, signal.part) for signal in signals}
    found = {(m.signal.type, m.signal.part): m.signal for m in matches}
    return tuple(signal for where, signal in found.items() if where not in known)
