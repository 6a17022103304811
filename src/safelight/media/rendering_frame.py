"""Frames of a video as a person is shown them, for stills and for playing; runs in a sandboxed child."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import av
from PIL import Image

from safelight.media.av_container import open_container, reason_of
from safelight.types import UnscannedReason

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_TURNS: Final = {
    90: Image.Transpose.ROTATE_90,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_270,
}
"""By the degrees, anticlockwise, by which a frame is shown turned."""


class CannotShow(Exception):
    """Why nothing of this video is shown, in the words of a reply."""

    def __init__(self, reason: UnscannedReason, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail

    def said(self) -> Iterator[str]:
        """The reply that says so."""
        yield json.dumps({"problem": {"reason": self.reason.value, "detail": self.detail}})
        yield json.dumps({"end": {"parts": 0}})


@contextmanager
def opened_video(fd: int, max_pixels: int) -> Iterator[tuple[InputContainer, VideoStream]]:
    """The first moving pictures in an open file, decoded in one thread. Raises :class:`CannotShow`."""
    try:
        with open_container(fd) as container:
            if not container.streams.video:
                raise CannotShow(UnscannedReason.UNSUPPORTED, "it holds no moving pictures")
            stream = container.streams.video[0]
            context = _codec_of(stream)
            if context is None:
                raise CannotShow(UnscannedReason.UNSUPPORTED, "its codec is not known here")
            if context.width * context.height > max_pixels:
                raise CannotShow(UnscannedReason.TOO_MANY_PIXELS, "more pixels than are allowed")
            context.thread_type, context.thread_count = "NONE", 1
            yield container, stream
    except av.error.MemoryError as error:
        raise MemoryError from error
    except av.error.FFmpegError as error:
        raise CannotShow(reason_of(error), f"it cannot be shown ({type(error).__name__})") from error


def promised_seconds(container: InputContainer, stream: VideoStream) -> float:
    """How long it says that it lasts; 0 where it does not say."""
    if stream.duration and stream.time_base:
        return max(0.0, float(stream.duration * stream.time_base))
    return max(0.0, container.duration / av.time_base) if container.duration else 0.0


def upright(picture: Image.Image, frame: VideoFrame) -> Image.Image:
    """A picture of a frame, turned as players turn it."""
    turn = _TURNS.get(round(frame.rotation) % 360)
    return picture if turn is None else picture.transpose(turn)


def _codec_of(stream: VideoStream) -> VideoCodecContext | None:
    """None for a codec that is not known here, whatever PyAV's types say."""
    return stream.codec_context
