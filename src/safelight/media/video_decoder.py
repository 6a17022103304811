"""Decodes video with FFmpeg and hashes what is shown; runs in a sandboxed child, on a descriptor.

The warm parent imports this module. A child decodes one stream from where it is told for as long as it is
told, and says where the next child is to go on; so a video may be hours long, and what one child comes to
grief over costs nothing that was hashed before.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, cast

from safelight.types import UnscannedReason

try:
    import av

    from safelight.media.av_container import open_container, reason_of
    from safelight.media.video_walk import Walk

    INSTALLED = True
except ImportError:  # safelight without [media]
    INSTALLED = False

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext
    from av.video.stream import VideoStream

    from safelight.media.video_walk import Message

MISSING: Final = "PyAV is not installed; install safelight[media]"

_FOREVER: Final = 3600.0


def decode(fd: int, *, max_pixels: int, max_parts: int, payload: bytes = b"{}") -> Iterator[str]:
    """Hash one stream of a video; yields reply messages, ``end`` last.

    The payload is JSON: ``stream`` counts video streams from 0, ``seconds`` is how long to decode before
    pausing, ``resume`` is what the last reply said under that name.
    """
    parts = 0
    if not INSTALLED:
        yield json.dumps(_problem(UnscannedReason.NOT_INSTALLED, MISSING))
        yield json.dumps({"end": {"parts": 0}})
        return
    try:
        for message in _messages(fd, json.loads(payload), max_pixels, max_parts):
            parts += "frame" in message
            yield json.dumps(message)
    except av.error.MemoryError as error:
        raise MemoryError from error
    except av.error.FFmpegError as error:
        detail = f"it cannot be opened as video ({type(error).__name__})"
        yield json.dumps(_problem(reason_of(error), detail))
    yield json.dumps({"end": {"parts": parts}})


def _messages(fd: int, asked: dict[str, Any], max_pixels: int, max_parts: int) -> Iterator[Message]:
    with open_container(fd) as container:
        number, streams = asked.get("stream", 0), container.streams.video
        yield {"streams": {"video": len(streams), "audio": len(container.streams.audio)}}
        if not streams and not container.streams.audio:
            yield _problem(UnscannedReason.DAMAGED, "it holds neither moving pictures nor sound")
        if number >= len(streams):
            return
        stream = streams[number]
        if refused := _refused(stream, max_pixels):
            yield refused
            return
        walk = Walk(container, stream, asked.get("seconds", _FOREVER), max_parts)
        resume = asked.get("resume")
        if resume is None:
            yield walk.described()
        elif not walk.resume(**resume):
            container.close()
            with open_container(fd) as again:
                walk = Walk(again, again.streams.video[number], asked.get("seconds", _FOREVER), max_parts)
                walk.count_up_to(**resume)
                yield from walk.frames()
            return
        yield from walk.frames()


def _refused(stream: VideoStream, max_pixels: int) -> Message | None:
    context = cast("VideoCodecContext | None", stream.codec_context)  # as PyAV has it of unknown codecs
    if context is None:
        return _problem(UnscannedReason.UNSUPPORTED, "its codec is not known here")
    if context.width * context.height > max_pixels:
        detail = f"{context.width} x {context.height} pixels; at most {max_pixels} are allowed"
        return _problem(UnscannedReason.TOO_MANY_PIXELS, detail)
    context.options = {"max_pixels": str(max_pixels)}
    context.thread_type, context.thread_count = "NONE", 1
    return None


def _problem(reason: UnscannedReason, detail: str) -> Message:
    return {"problem": {"reason": reason.value, "detail": detail}}
