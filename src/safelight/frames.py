"""How the hashes of a video's frames are written: the text form of vPDQ, below signals and lists.

``["<64 hexadecimal digits>,<quality>,<seconds>", …]``, a JSON array, as ``vpdq_to_json`` of ThreatExchange's
extension writes it. Error messages never repeat what they are about: it may be listed.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

VPDQ: Final = "vpdq"

LEAST_QUALITY: Final = 50
"""PDQ quality below which frames are not compared: plain frames match each other (PDQ description, 2019)."""

MOST_FRAMES: Final = 200_000
"""Frames of one value; two days and more at one a second."""

_NO_ARRAY: Final = "it is no JSON array of frames, each of 64 hexadecimal digits, a quality and a time"
_HASH: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame's PDQ hash in lower-case hexadecimal, its quality (0-100), and its moment in seconds."""

    value: str = field(repr=False)
    quality: int
    seconds: float


def parse_frames(text: str) -> tuple[Frame, ...]:
    """Read a vPDQ. Raises ``ValueError``, which says what is wrong without repeating the text."""
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(_NO_ARRAY) from None
    if not isinstance(rows, list) or not rows:
        raise ValueError(_NO_ARRAY)
    if len(rows) > MOST_FRAMES:
        raise ValueError(f"it has {len(rows)} frames; at most {MOST_FRAMES} are read")
    return tuple(_frame(number, row) for number, row in enumerate(rows, start=1))


def _frame(number: int, row: object) -> Frame:
    pieces = row.split(",") if isinstance(row, str) else ()
    if len(pieces) != 3:
        raise ValueError(f"its frame {number} is not made of a hash, a quality and a time")
    value = pieces[0].strip().lower()
    if not _HASH.fullmatch(value):
        raise ValueError(f"its frame {number} has no hash of 64 hexadecimal digits")
    try:
        quality, seconds = int(pieces[1]), float(pieces[2])
    except ValueError:
        raise ValueError(f"its frame {number} has a quality or a time that is no number") from None
    if not 0 <= quality <= 100 or not math.isfinite(seconds) or seconds < 0:
        raise ValueError(f"its frame {number} has a quality or a time out of range")
    return Frame(value, quality, seconds)


def write_frames(frames: Iterable[Frame]) -> str:
    """The text form; times to a thousandth of a second."""
    return json.dumps([f"{f.value},{f.quality},{round(f.seconds, 3)}" for f in frames])
