"""vPDQ: a video as the PDQ hashes of its frames, compared frame by frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from safelight.frames import VPDQ as NAME
from safelight.frames import Frame, parse_frames, write_frames
from safelight.lists.store import MAX_DISTANCE
from safelight.signals.pdq import MINIMUM_QUALITY, MINIMUM_SIDE, PDQ
from safelight.types import WHOLE, Part, Signal, Unhashable, UnhashableReason


@dataclass(frozen=True, slots=True)
class VideoType:
    """The signal type whose values are the text form of :mod:`safelight.frames`."""

    name: str = NAME
    max_distance: int = MAX_DISTANCE

    def canonical(self, text: str) -> str:
        """The value with hashes in lower case and times to a thousandth of a second."""
        return write_frames(parse_frames(text))

    def examples(self) -> tuple[str, ...]:
        """A video of one frame: what is hashed in :mod:`safelight.signals.pdq`'s example."""
        return (write_frames([Frame(PDQ.examples()[0], 100, 0.0)]),)


VPDQ: Final = VideoType()


def vpdq_signal(
    frames: Sequence[tuple[Sequence[str], int, float]], width: int, height: int, part: Part = WHOLE
) -> Signal | Unhashable | None:
    """A video's frames as one signal, or the reason for having none; None when there are no frames.

    Each frame is its eight dihedral hashes in hexadecimal, its quality (0-100) and its moment in seconds. All
    frames are in the value, as the reference writes them, those too plain to compare included. The signal's
    quality is that of its best frame; its variants are the same video turned and mirrored.
    """
    if not frames:
        return None
    if min(width, height) < MINIMUM_SIDE:
        return Unhashable(NAME, UnhashableReason.TOO_SMALL, part=part)
    best = max(quality for _, quality, _ in frames)
    if best < MINIMUM_QUALITY:
        return Unhashable(NAME, UnhashableReason.TOO_PLAIN, best, part)
    original, *turned = (
        write_frames(Frame(hashes[k], quality, seconds) for hashes, quality, seconds in frames)
        for k in range(8)
    )
    return Signal(NAME, original, best, part, tuple(turned))
