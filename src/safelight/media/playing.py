"""A few seconds of a video, to be watched at level 3 or 4: made in the sandbox, without its sound.

As with stills, frames arrive as plain pixels, whose number the level bounds; nothing of the file's own bytes
can come along.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from safelight.media import video
from safelight.media.rendering_shape import PLAYED_RATE, PLAYED_SIDE, SEGMENT_SECONDS, Level
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.families import RENDERING_RECORDING
from safelight.media.sandbox.messages import SegmentFound, SheetRows
from safelight.media.sandbox.protocol import Reply
from safelight.types import Problem, UnscannedReason

_MOST: Final = PLAYED_RATE * SEGMENT_SECONDS
_BANDS: Final = {Level.GREY: 1, Level.ORIGINAL: 3}


@dataclass(frozen=True, slots=True)
class Segment:
    """What is to be watched from ``begins`` to ``ends`` (seconds): ``frames`` of plain pixels.

    Each of ``moments`` is when the frame of the same place is shown, until the next. ``ended``: the video
    ends at ``ends``, whatever its header ``promised`` (seconds; 0: nothing). ``missing`` frames could not be
    decoded; ``counts`` is false where it has more than these pictures.
    """

    level: Level
    begins: float
    ends: float
    ended: bool
    promised: float
    missing: int
    counts: bool
    moments: tuple[float, ...]
    width: int
    height: int
    bands: int
    frames: tuple[bytes, ...]


def can_play(mime: str) -> bool:
    """Whether files of this type are videos that can be watched."""
    return mime in video.MIMES


def segment_of(fd: int, level: Level, begins: float, sandbox: Sandbox) -> Segment | Problem:
    """Up to four seconds of the video behind ``fd`` from ``begins`` (seconds) on, or why there are none.

    ``level`` is 3 or 4. Raises ``ValueError`` for others, and
    :class:`~safelight.errors.SandboxError` where there is no sandbox.
    """
    if level < Level.GREY or not 0 <= begins < 1e8:
        raise ValueError("a video is played at level 3 or 4, from its beginning on")
    payload = json.dumps({"make": "watch", "level": int(level), "begins": begins}).encode()
    return _believed(sandbox.decode(RENDERING_RECORDING.name, fd, payload), level, begins)


def _believed(reply: Reply, level: Level, begins: float) -> Segment | Problem:
    told = next((message for message in reply.messages if isinstance(message, SegmentFound)), None)
    if told is None or reply.problems:
        return reply.problems[0] if reply.problems else _unsound("no segment")
    try:
        rows = [base64.b64decode(m.data, validate=True) for m in reply.messages if isinstance(m, SheetRows)]
    except binascii.Error:
        return _unsound("no pixels")
    pixels, each = b"".join(rows), told.width * told.height * told.bands
    number = len(told.moments)
    wrong = {
        "another level or moment": told.bands != _BANDS[level] or told.begins != begins,
        "more than is played": max(told.width, told.height) > PLAYED_SIDE or not 0 < number <= _MOST,
        "other pixels": len(pixels) != each * number,
        "other moments": not begins <= told.ends <= begins + SEGMENT_SECONDS or not _in_order(told),
    }
    if any(wrong.values()):
        return _unsound(next(detail for detail, found in wrong.items() if found))
    return Segment(
        level, begins, told.ends, told.ended, told.promised, told.missing, told.counts, told.moments,
        told.width, told.height, told.bands,
        tuple(pixels[at : at + each] for at in range(0, len(pixels), each)),
    )  # fmt: skip


def _in_order(told: SegmentFound) -> bool:
    if not told.moments:
        return False
    inside = told.begins <= told.moments[0] and told.moments[-1] <= told.ends
    return inside and all(before < after for before, after in pairwise(told.moments))


def _unsound(detail: str) -> Problem:
    return Problem(UnscannedReason.BAD_REPLY, detail=f"the maker of what is played sent {detail}")
