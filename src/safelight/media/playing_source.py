"""The decoded frames of a video from a moment on; runs in a sandboxed child.

Seeking is cheap and may lie; reading from the beginning is dear and does not. Whoever uses this says which.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import av

from safelight.media.av_container import packets

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

BACK: Final = 1.0
"""Seconds by which time runs backwards where recordings were put together; less is out of order."""


class VideoSource:
    """Decoded frames in order, each with its moment; what could not be decoded is told by its own."""

    def __init__(self, container: InputContainer, stream: VideoStream) -> None:
        self._container, self._stream = container, stream
        self._tick = float(stream.time_base or 1)
        self._origin = stream.start_time or 0
        self._step = 1 / max(float(stream.average_rate or stream.guessed_rate or 25), 0.001)
        self._before = -self._step

    def seek(self, moment: float) -> bool:
        """Go to the keyframe before a moment; false where the container cannot."""
        try:
            self._container.seek(self._origin + int(moment / self._tick), stream=self._stream, backward=True)
        except av.error.FFmpegError:
            return False
        return True

    def frames(self, *, sought: bool, begins: float) -> Iterator[tuple[float, VideoFrame | None]]:
        """Moments from the beginning of the stream, in seconds, and the frames; None for one that is lost.

        Read from the beginning, where time runs on over every joint, they start at the last keyframe before
        ``begins``.
        """
        found = packets(self._container, self._stream)
        for packet in found if sought else self._from_keyframe(self._running_on(found), begins):
            yield from self._decoded(packet)
        yield from self._decoded(None)

    def _running_on(self, found: Iterator[Packet[Any]]) -> Iterator[Packet[Any]]:
        before: int | None = None
        shift = 0
        for packet in found:
            # In the order of decoding, which never runs backwards within one recording.
            order = packet.dts if packet.dts is not None else packet.pts
            if order is not None:
                if before is not None and order + shift < before - BACK / self._tick:
                    shift = before - order + round(self._step / self._tick)
                before = order + shift
            if packet.pts is not None:
                packet.pts += shift
            yield packet

    def _from_keyframe(self, found: Iterator[Packet[Any]], begins: float) -> Iterator[Packet[Any]]:
        group: list[Packet[Any]] = []
        for packet in found:
            before = packet.pts is not None and (packet.pts - self._origin) * self._tick <= begins
            if packet.is_keyframe and before:
                group = []
            elif packet.is_keyframe and packet.pts is not None:
                yield from (*group, packet)
                yield from found
                return
            group.append(packet)
        yield from group

    def _decoded(self, packet: Packet[Any] | None) -> Iterator[tuple[float, VideoFrame | None]]:
        try:
            found = self._stream.codec_context.decode(packet)
        except av.error.MemoryError as error:
            raise MemoryError from error
        except av.error.EOFError:
            return
        except av.error.FFmpegError:
            yield (self._before if packet is None else self._moment(packet.pts)), None
            return
        for frame in found:
            moment = self._moment(frame.pts)
            self._before = moment
            if frame.is_corrupt:
                yield moment, None
            yield moment, frame

    def _moment(self, pts: int | None) -> float:
        return self._before + self._step if pts is None else (pts - self._origin) * self._tick

    def length(self, frame: VideoFrame) -> float:
        """For how long a frame is shown, in seconds."""
        return float(frame.duration * self._tick) if frame.duration else self._step
