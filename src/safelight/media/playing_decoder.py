"""Makes a few seconds of a video to be watched, without its sound; runs in a sandboxed child.

What a decoder cannot tell is never taken for seen: time that runs backwards, a second stream of pictures and
frames that cannot be decoded are told, and such a video does not count as watched whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import av
from av.video.reformatter import VideoReformatter
from PIL import Image

from safelight.media.playing_source import BACK, VideoSource
from safelight.media.rendering_frame import CannotShow, opened_video, promised_seconds, upright
from safelight.media.rendering_shape import PLAYED_RATE, PLAYED_SIDE, SEGMENT_SECONDS, Level
from safelight.media.rendering_sheet import rows
from safelight.types import UnscannedReason

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame

_LATE: Final = 1 / PLAYED_RATE
"""Seconds by which the first frame after seeking may come too late; then the file is read from its start."""
_SAME: Final = 0.001
"""Seconds by which two moments are one: clocks of containers count in fractions of their own."""
_SOUGHT: Final = frozenset({"mov", "matroska", "webm", "avi"})
"""Containers with an index, in which no moment comes twice. Others are read from their beginning, since in
recordings put together seeking would find one moment of several, and leave the others out unnoticed."""


def decode(fd: int, *, max_pixels: int, max_parts: int, payload: bytes) -> Iterator[str]:  # noqa: ARG001
    """The frames of :data:`SEGMENT_SECONDS` from ``begins`` on, as ``payload`` asks, then ``end``."""
    asked = json.loads(payload)
    level, begins = Level(asked["level"]), float(asked["begins"])
    try:
        segment = _made(fd, max_pixels, level, begins)
    except CannotShow as refused:
        yield from refused.said()
        return
    yield json.dumps({"segment": segment.told()})
    yield from rows(b"".join(segment.cells))
    yield json.dumps({"end": {"parts": 1}})


def _made(fd: int, max_pixels: int, level: Level, begins: float) -> _Segment:
    for seek in (True, False):
        with opened_video(fd, max_pixels) as (container, stream):
            if seek and (not begins or _SOUGHT.isdisjoint(container.format.name.split(","))):
                continue
            segment = _Segment(level, begins, promised_seconds(container, stream), _alone(container))
            if segment.take(VideoSource(container, stream), seek=seek):
                if not segment.cells:
                    raise CannotShow(UnscannedReason.TRUNCATED, "nothing of it is shown from there on")
                return segment
    raise AssertionError("reading from the beginning always ends")


def _alone(container: InputContainer) -> bool:
    """Whether there is no second stream of moving pictures; covers and thumbnails are none."""
    attached = av.stream.Disposition.attached_pic
    return sum(not stream.disposition & attached for stream in container.streams.video) <= 1


class _Segment:
    """The seconds that were asked for: at each of its ticks the frame that is shown then, each frame once."""

    def __init__(self, level: Level, begins: float, promised: float, counts: bool) -> None:
        self._level, self._begins = level, begins
        self._promised, self._counts = promised, counts
        self._ends = begins + SEGMENT_SECONDS
        self._ended = False
        self._missing = 0
        self._tick = 0
        self._shape: tuple[int, int] | None = None
        self._size = (1, 1)
        self._moments: list[float] = []
        self.cells: list[bytes] = []

    def take(self, source: VideoSource, *, seek: bool) -> bool:
        """Take the frames; false where seeking led too far, so that the file is to be read from its start."""
        if seek and not source.seek(self._begins):
            return False
        shown: VideoFrame | None = None
        latest, length = 0.0, 0.0
        for moment, frame in source.frames(sought=seek, begins=self._begins):
            if seek and shown is None and (frame is None or moment > self._begins + _LATE):
                return False
            if moment < latest - BACK:
                self._counts = False
                continue
            if frame is None:
                self._missing += self._begins <= moment < self._ends
                continue
            if shown is not None:
                self._show(shown, until=moment)
            shown, latest, length = frame, max(latest, moment), source.length(frame)
            if moment >= self._ends:
                return True
        self._ended = True
        self._ends = max(self._begins, min(self._ends, latest + length))
        if shown is not None and latest + length > self._begins:
            self._show(shown, until=self._ends)
        return True

    def _show(self, frame: VideoFrame, *, until: float) -> None:
        """A frame at the first tick from its own moment on, where one lies before ``until``."""
        at = self._begins + self._tick / PLAYED_RATE
        if at > min(until, self._ends) - _SAME:
            return
        self._moments.append(round(at, 3))
        self.cells.append(self._reduced(frame))
        while self._begins + self._tick / PLAYED_RATE <= until - _SAME:
            self._tick += 1

    def _reduced(self, frame: VideoFrame) -> bytes:
        if self._shape is None:
            less = min(1.0, PLAYED_SIDE / max(frame.width, frame.height))
            self._shape = max(1, round(frame.width * less)), max(1, round(frame.height * less))
        width, height = self._shape
        grey = self._level < Level.ORIGINAL
        small = VideoReformatter().reformat(
            frame, width, height, "gray" if grey else "rgb24", interpolation="AREA", threads=1
        )
        plane: Any = small.planes[0]
        mode = "L" if grey else "RGB"
        picture = Image.frombuffer(mode, self._shape, bytes(plane), "raw", mode, plane.line_size, 1)
        turned = upright(picture, frame)
        self._size = turned.size
        return turned.tobytes()

    def told(self) -> dict[str, object]:
        """What is said of it beside its pixels."""
        return {
            "begins": self._begins,
            "ends": round(self._ends, 3),
            "ended": self._ended,
            "promised": min(self._promised, 1e8),
            "missing": self._missing,
            "counts": self._counts,
            "moments": self._moments,
            "width": self._size[0],
            "height": self._size[1],
            "bands": 1 if self._level < Level.ORIGINAL else 3,
        }
