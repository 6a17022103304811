"""Walks through one stream of a video: decodes no more than it must, and notices what it could not."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import av

from safelight.media.av_container import packets, reason_of
from safelight.media.video_frame import FrameHasher
from safelight.media.video_timeline import Clock, Lookahead, Wanted
from safelight.types import UnscannedReason

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_SKIPPABLE: Final = frozenset({"h264", "mpeg1video", "mpeg2video", "mpeg4", "vc1", "wmv3"})
"""Codecs of which a frame that is no reference for others can be left out without changing any other. In
H.265 it may still be a reference for a higher layer; and the decoder of AV1 leaves nothing out."""

_SHORT: Final = 2.0
_SHORT_SHARE: Final = 0.05
"""Seconds, and share of the whole, by which a video ends before its header says that it does, when the header
does not count frames: less is rounding."""

Message = dict[str, dict[str, object]]


class Walk:
    """One stream, from its beginning or from where another child paused; ``seconds`` until it pauses."""

    def __init__(
        self, container: InputContainer, stream: VideoStream, seconds: float, max_parts: int
    ) -> None:
        self._container, self._stream, self._context = container, stream, stream.codec_context
        self._enough = time.monotonic() + seconds
        self._max_parts = max_parts
        self._tick = float(stream.time_base or 1)
        self._origin = stream.start_time or 0
        self._clock = Clock()
        self._hasher = FrameHasher()
        self._skippable = self._context.name in _SKIPPABLE
        self._source = packets(container, stream, *container.streams.audio)
        self._first: Packet[Any] | None = None
        self._keys: list[tuple[int, int | None]] = []
        self._resumed = False
        self._count = 0
        self._frames = 0
        self._sent = 0
        self._end = 0.0
        self._promised: set[int] = set()
        self._seen: set[int] = set()
        self._hurt: set[int] = set()
        self._failed: Exception | None = None

    def described(self) -> Message:
        """What the header says: size in pixels, and seconds where it tells them."""
        seconds = self._promised_seconds()
        told = None if seconds is None else min(max(0.0, seconds), 1e8)
        return {
            "video": {
                "width": max(1, self._context.width),
                "height": max(1, self._context.height),
                "seconds": told,
            }
        }

    def _promised_seconds(self) -> float | None:
        if self._stream.duration:
            return float(self._stream.duration * self._tick)
        return self._container.duration / av.time_base if self._container.duration else None

    def resume(self, packets: int, pts: int | None, until: float, shift: float, shown: str | None) -> bool:
        """Go on at a keyframe, found by its timestamp; false where this container cannot be sought in."""
        self._go_on(packets, until, shift, shown)
        if pts is None:
            return False
        try:
            self._container.seek(pts, stream=self._stream, backward=True)
            self._first = next(p for p in self._source if p.stream_index == self._stream.index)
        except (av.error.FFmpegError, StopIteration):
            return False
        return bool(self._first.is_keyframe and self._first.pts == pts)

    def count_up_to(
        self, packets: int, pts: int | None, until: float, shift: float, shown: str | None
    ) -> None:
        """Go on at a keyframe, found by its number, in a container opened anew."""
        del pts
        self._go_on(packets, until, shift, shown)
        left = packets
        while left and (packet := self._read()):
            left -= packet.stream_index == self._stream.index

    def _go_on(self, count: int, until: float, shift: float, shown: str | None) -> None:
        self._resumed, self._count = True, count
        self._clock.resume(until, shift)
        self._hasher.shown = None if shown is None else bytes.fromhex(shown)

    def frames(self) -> Iterator[Message]:
        """Every wanted frame, hashed; then where to go on, or what was not to be had."""
        ahead = Lookahead(self._origin, self._tick)
        for packet in self._packets():
            for ready, needed in ahead.push(packet):
                if ready.is_keyframe and self._paused(ready):
                    yield from self._shown(None)
                    yield self._where_to_go_on()
                    return
                yield from self._decoded(ready, needed=needed)
        for ready, needed in ahead.rest():
            yield from self._decoded(ready, needed=needed)
        yield from self._shown(None)
        yield from self._problems()

    def _packets(self) -> Iterator[Packet[Any]]:
        if self._first is not None:
            yield self._first
        while (packet := self._read()) is not None:
            if packet.pts is not None and packet.time_base is not None:
                end = float((packet.pts + (packet.duration or 0)) * packet.time_base)
                self._end = max(self._end, end - self._origin * self._tick)
            if packet.stream_index == self._stream.index:
                yield packet

    def _read(self) -> Packet[Any] | None:
        try:
            return next(self._source, None)
        except av.error.MemoryError as error:
            raise MemoryError from error
        except av.error.FFmpegError as error:
            self._failed = error
            return None

    def _paused(self, key: Packet[Any]) -> bool:
        """Whether to pause before a keyframe; the child that goes on begins at the one before it.

        Frames after a keyframe may refer to frames before it (an open group of pictures), so that a group is
        decoded once more; a child that decodes no other would never come to an end.
        """
        self._keys = [*self._keys, (self._count, key.pts)][-3:]
        if len(self._keys) < (3 if self._resumed else 2):
            return False
        return time.monotonic() > self._enough or self._sent >= self._max_parts

    def _where_to_go_on(self) -> Message:
        count, pts = self._keys[-2]
        shown = self._hasher.shown
        return {
            "resume": {
                "packets": count,
                "pts": pts,
                "until": self._clock.until,
                "shift": self._clock.shift,
                "shown": None if shown is None else shown.hex(),
            }
        }

    def _decoded(self, packet: Packet[Any], *, needed: bool) -> Iterator[Message]:
        self._count += 1
        if packet.pts is not None and not packet.is_discard:
            self._promised.add(math.floor((packet.pts - self._origin) * self._tick))
        if self._skippable:
            self._context.skip_frame = "DEFAULT" if needed else "NONREF"
        yield from self._shown(packet)

    def _shown(self, packet: Packet[Any] | None) -> Iterator[Message]:
        """The frames that a packet, or at the end none, brings out of the decoder."""
        if packet is not None and not packet.size:
            return
        try:
            shown = self._context.decode(packet)
        except av.error.MemoryError as error:
            raise MemoryError from error
        except av.error.EOFError:
            return
        except av.error.FFmpegError as error:
            self._failed = self._failed or error
            if packet is not None and packet.pts is not None:
                self._hurt.add(math.floor((packet.pts - self._origin) * self._tick))
            return
        for frame in shown:
            self._frames += 1
            moment = self._moment(frame)
            self._seen.add(math.floor(moment))
            if frame.is_corrupt:
                self._hurt.add(math.floor(moment))
            wanted = self._clock.wanted(moment, key=frame.key_frame)
            if wanted is Wanted.YES or (
                wanted is Wanted.IF_ANOTHER_SCENE and self._hasher.another_scene(frame)
            ):
                self._sent += 1
                yield {"frame": {"t": round(max(0.0, moment), 3), **self._hasher.hash(frame)}}

    def _moment(self, frame: VideoFrame) -> float:
        if frame.pts is None:
            rate = float(self._stream.average_rate or self._stream.guessed_rate or 25)
            return self._clock.at((self._frames - 1) / max(rate, 0.001))
        return self._clock.at((frame.pts - self._origin) * self._tick)

    def _lost(self) -> set[int]:
        """Seconds of which not all that the container has could be decoded, its end aside."""
        if self._clock.shift or not self._seen:
            return self._hurt
        last = max(self._seen)
        return {second for second in (self._promised - self._seen) | self._hurt if second <= last}

    def _problems(self) -> Iterator[Message]:
        """What was promised and not found."""
        if not self._count:
            yield _problem(UnscannedReason.EMPTY, "it has no frames")
        elif not self._frames and not self._resumed:
            reason = reason_of(self._failed) if self._failed else UnscannedReason.DAMAGED
            yield _problem(reason, f"none of {self._count} frames could be decoded")
        elif lost := self._lost():
            moments = f"{len(lost)} seconds, from {max(0, min(lost))} s on"
            yield _problem(UnscannedReason.DAMAGED, f"not all could be decoded of {moments}")
        promised, frames = self._promised_seconds(), self._stream.frames
        if frames > self._count:
            detail = f"it says that it has {frames} frames and ends after {self._count}"
            yield _problem(UnscannedReason.TRUNCATED, detail)
        elif not frames and promised and promised - self._end > max(_SHORT, _SHORT_SHARE * promised):
            detail = f"it says that it lasts {promised:.0f} s and ends after {self._end:.0f} s"
            yield _problem(UnscannedReason.TRUNCATED, detail)


def _problem(reason: UnscannedReason, detail: str) -> Message:
    return {"problem": {"reason": reason.value, "detail": detail}}
