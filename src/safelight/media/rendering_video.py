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

from safelight.media.av_container import open_container, reason_of
from safelight.media.rendering_shape import CELLS, Level
from safelight.media.rendering_sheet import laid_out, reduced, said
from safelight.types import UnscannedReason

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_TURNS: Final = {
    90: Image.Transpose.ROTATE_90,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_270,
}
"""By the degrees, anticlockwise, by which a frame is shown turned."""
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
        with open_container(fd) as container:
            if not container.streams.video:
                yield from _refused(UnscannedReason.UNSUPPORTED, "it holds no moving pictures")
                return
            stream = container.streams.video[0]
            context = stream.codec_context
            if context is None:
                yield from _refused(UnscannedReason.UNSUPPORTED, "its codec is not known here")
                return
            if context.width * context.height > max_pixels:
                yield from _refused(UnscannedReason.TOO_MANY_PIXELS, "more pixels than are allowed")
                return
            context.thread_type, context.thread_count = "NONE", 1
            yield from _page(container, stream, level, page, asked.get("moments", []))
    except av.error.MemoryError as error:
        raise MemoryError from error
    except av.error.FFmpegError as error:
        yield from _refused(reason_of(error), f"it cannot be shown ({type(error).__name__})")


def _page(
    container: InputContainer, stream: VideoStream, level: Level, page: int, moments: list[float]
) -> Iterator[str]:
    length = _seconds(container, stream)
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
        yield from _refused(UnscannedReason.TRUNCATED, "there is no such page")
        return
    cells: dict[float, Image.Image] = {}
    for moment in wanted:
        still = _still(container, stream, moment)
        if still is not None:
            seconds = max(0.0, round(float(still.time or 0.0), 1))
            cells.setdefault(seconds, _shown(still, level, alone=len(wanted) == 1))
    if not cells:
        yield from _refused(UnscannedReason.DAMAGED, "no frame of it could be decoded")
        return
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


def _seconds(container: InputContainer, stream: VideoStream) -> float:
    """How long it says that it lasts; 0 where it does not say."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else 0.0


def _still(container: InputContainer, stream: VideoStream, moment: float) -> VideoFrame | None:
    """The frame at a moment, or the nearest to it that is cheap to have; None where there is none."""
    found: VideoFrame | None = None
    try:
        container.seek(int(moment * av.time_base), backward=True)
        for number, frame in enumerate(container.decode(stream)):
            found = frame
            if number >= _NEAR or (frame.time is not None and frame.time >= moment):
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
    small = reduced(picture, level, alone=alone)
    turn = _TURNS.get(round(frame.rotation) % 360)
    return small if turn is None else small.transpose(turn)


def _refused(reason: UnscannedReason, detail: str) -> Iterator[str]:
    yield json.dumps({"problem": {"reason": reason.value, "detail": detail}})
    yield json.dumps({"end": {"parts": 0}})
