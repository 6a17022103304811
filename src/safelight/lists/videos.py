"""How a listed video is stored: under its key, one PDQ entry for each look that its frames have.

So listed videos are found by the index of pictures, by a still of theirs too. The flags of such an entry say
how many of the video's frames look so, of how many, and when the first of them is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from safelight.errors import UsageError
from safelight.frames import LEAST_QUALITY, VPDQ, Frame, parse_frames
from safelight.types import ListEntry, Signal
from safelight.values import degenerate, pack

_FLAG: Final = re.compile(r"frames:(\d{1,7})/(\d{1,7})@(\d{1,9}(?:\.\d{1,3})?)")


_LATEST: Final = 1e9 - 1
"""Seconds; what claims to be later is told as this."""


@dataclass(frozen=True, slots=True)
class ListedFrames:
    """What an entry says of its video: frames that look so, frames in all, seconds of the first one."""

    count: int
    total: int
    seconds: float

    @property
    def flag(self) -> str:
        """As it stands in an entry's flags."""
        return f"frames:{self.count}/{self.total}@{round(self.seconds, 3)}"


def listed_frames(flags: Iterable[str]) -> ListedFrames | None:
    """What an entry's flags say of a video; None for an entry that is no frame of one."""
    for flag in flags:
        if found := _FLAG.fullmatch(flag):
            return ListedFrames(int(found[1]), max(1, int(found[2])), float(found[3]))
    return None


def telling_frames(text: str) -> tuple[Frame, ...]:
    """The frames of a vPDQ that can be compared: not too plain. Raises ``ValueError`` if there are none."""
    frames = tuple(
        frame
        for frame in parse_frames(text)
        if frame.quality >= LEAST_QUALITY and not degenerate("pdq", pack("pdq", frame.value))
    )
    if not frames:
        raise ValueError("all its frames are too plain to compare")
    return frames


def stored_signals(signal: Signal) -> Iterator[tuple[Signal, frozenset[str]]]:
    """What is stored of a listed signal, with its flags: a video's looks, any other signal as it is.

    Raises ``ValueError``, which does not repeat the value.
    """
    if signal.type != VPDQ:
        yield signal, frozenset()
        return
    frames = telling_frames(signal.value)
    looks: dict[str, list[float]] = {}
    for frame in frames:
        looks.setdefault(frame.value, []).append(frame.seconds)
    for value, moments in looks.items():
        flag = ListedFrames(len(moments), len(frames), min(*moments, _LATEST)).flag
        yield Signal("pdq", value), frozenset({flag})


def stored_entries(entry: ListEntry) -> Iterator[ListEntry]:
    """The entries that stand for one entry. Raises :class:`~safelight.errors.UsageError`."""
    try:
        for signal, flags in stored_signals(entry.signal):
            yield replace(entry, signal=signal, flags=entry.flags | flags)
    except ValueError as error:
        raise UsageError(f"Entry {entry.key} of list {entry.list!r} was refused: {error}.") from None
