"""The levels at which a file may be shown, and the pixels that each has: for maker and reader alike."""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class Level(IntEnum):
    """How much a rendering reveals. At ``FACTS`` there is none."""

    FACTS = 0
    TINY = 1
    REDUCED = 2
    GREY = 3
    ORIGINAL = 4


SAMPLES: Final = {Level.TINY: 32, Level.REDUCED: 128, Level.GREY: 2048, Level.ORIGINAL: 2048}
"""Pixels of the longer side of one picture; 2,048 are what a laptop's screen can show of it."""
LEAST_REDUCTION: Final = {Level.TINY: 4, Level.REDUCED: 2, Level.GREY: 1, Level.ORIGINAL: 1}
"""By how much a picture is reduced at least, so that a tiny one is not shown whole at level 1."""
COLUMNS: Final = 3
CELLS: Final = COLUMNS * COLUMNS
"""Frames on one sheet of an animation."""
GUTTER: Final = 4
"""Pixels between them."""

PLAYED_SIDE: Final = 720
"""Pixels of the longer side of a video that is played; its stills at level 3 and 4 show more."""
PLAYED_RATE: Final = 5
"""Frames a second of it."""
SEGMENT_SECONDS: Final = 4
"""Running time that is asked for at once: in colours it must fit a reply of the sandbox."""

HEARD_RATE: Final = 22_050
"""Samples a second of a sound that is listened to, in one channel."""


def longest_side(level: Level) -> int:
    """The most pixels that either side of a rendering has at this level."""
    if level <= Level.REDUCED:
        return COLUMNS * SAMPLES[level] + (COLUMNS - 1) * GUTTER
    return SAMPLES[level]


def cell_side(level: Level, *, alone: bool) -> int:
    """The most pixels of the longer side of one picture: ``alone`` on its page, or one of up to nine."""
    if alone or level <= Level.REDUCED:
        return SAMPLES[level]
    return (SAMPLES[level] - (COLUMNS - 1) * GUTTER) // COLUMNS
