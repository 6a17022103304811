"""Shows stills of a video at a level; runs in a sandboxed child, on a descriptor.

Stills are a storyboard: they never count as the video having been viewed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import av
from av.video.reformatter import VideoReformatter
from PIL import Image

from safelight.media.rendering_frame import CannotShow, opened_video, promised_seconds, upright
from safelight.media.rendering_shape import CELLS, Level
from safelight.media.rendering_sheet import laid_out, reduced, said
from safelight.types import UnscannedReason

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_MOST_STILLS: Final = 180
_NEAR: Final = 60
"""Frames after a keyframe that are decoded to come nearer to a moment; what is told is the still's own."""


def decode(fd: int, *, max_pixels: int, max_parts: int, payload: bytes) -> Iterator[str]:  # noqa: ARG001
    """One page of nine stills; yields reply messages, ``end`` last.

    Levels 1 and 2 have one page: stills evenly over the running time, and at ``moments`` (seconds) of the
    payload, at most four. Levels 3 and 4 have a still a second, or 180 of a longer video.
    """
    asked = json.loads(payload)
    level, page = Level(asked["level"]), int(asked["page"])
    try:
        with opened_video(fd, max_pixels) as (container, stream):
            yield from _page(container, stream, level, page, asked.get("moments", []))
    except CannotShow as refused:
        yield from refused.said()


def _page(
    container: InputContainer, stream: VideoStream, level: Level, page: int, moments: list[float]
) -> Iterator[str]:
    length = promised_seconds(container, stream)
    if level <= Level.REDUCED:
        also = sorted(float(moment) for moment in moments)[:4]
        even = CELLS - len(also)
        wanted, pages = sorted([length * step / even for step in range(even)] + also), 1
    else:
        number = min(_MOST_STILLS, max(1, math.ceil(length)))
        every = [length * step / number for step in range(number)]
        pages = math.ceil(number / CELLS)
        wanted = every[(page - 1) * CELLS : page * CELLS]
    if not 0 < page <= pages:
        raise CannotShow(UnscannedReason.TRUNCATED, "there is no such page")
    cells: dict[float, Image.Image] = {}
    for moment in wanted:
        still = _still(container, stream, moment)
        if still is not None:
            seconds = max(0.0, round(_moment_of(still), 1))
            cells.setdefault(seconds, _shown(still, level, alone=len(wanted) == 1))
    if not cells:
        raise CannotShow(UnscannedReason.DAMAGED, "no frame of it could be decoded")
    told: dict[str, object] = {
        "page": page,
        "pages": pages,
        "parts": 1,
        "missing": 0,
        "cut_short": False,
        "counts": False,
        "moments": list(cells),
    }
    yield from said(laid_out(list(cells.values()), len(cells)), told)


def _moment_of(frame: VideoFrame) -> float:
    return float(frame.time or 0.0)


def _still(container: InputContainer, stream: VideoStream, moment: float) -> VideoFrame | None:
    """The frame at a moment, or the nearest to it that is cheap to have; None where there is none."""
    found: VideoFrame | None = None
    try:
        container.seek(int(moment * av.time_base), backward=True)
        for number, frame in enumerate(container.decode(stream)):
            found = frame
            if number >= _NEAR or _moment_of(frame) >= moment:
                break
    except av.error.MemoryError as error:
        raise MemoryError from error
    except av.error.FFmpegError:
        pass
    return found


def _shown(frame: VideoFrame, level: Level, *, alone: bool) -> Image.Image:
    rgb = VideoReformatter().reformat(frame, format="rgb24", threads=1)
    plane: Any = rgb.planes[0]
    picture = Image.frombuffer("RGB", (rgb.width, rgb.height), bytes(plane), "raw", "RGB", plane.line_size, 1)
    return upright(reduced(picture, level, alone=alone), frame)
