"""Makes a few seconds of a soundtrack to be heard, and tells how loud it is; runs in a sandboxed child.

Running time is what the packets say that they last, one after the other: time stamps of a stranger's file may
jump, and seeking by them would leave something out unnoticed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # a warm parent has one thread
import av
import numpy as np

from safelight.media.av_container import open_container, packets, reason_of
from safelight.media.rendering_frame import CannotShow
from safelight.media.rendering_shape import HEARD_RATE, SEGMENT_SECONDS
from safelight.media.rendering_sheet import rows
from safelight.types import UnscannedReason

if TYPE_CHECKING:
    import numpy.typing as npt
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet

    Samples = npt.NDArray[np.int16]

_WARM: Final = 0.5
"""Seconds that are decoded before what is wanted: the first packet of a decoder may come out mute."""
_PEAKS: Final = 1200
_FINEST: Final = HEARD_RATE // 20
"""Samples of the stretch of one peak, at first; twice as many whenever there are too many peaks."""


def decode(fd: int, *, max_pixels: int, max_parts: int, payload: bytes) -> Iterator[str]:  # noqa: ARG001
    """The samples of :data:`SEGMENT_SECONDS` from ``begins`` on, as ``payload`` asks, then ``end``."""
    begins = float(json.loads(payload)["begins"])
    try:
        with _opened(fd) as (container, stream):
            told, samples = _heard(container, stream, begins)
    except CannotShow as refused:
        yield from refused.said()
        return
    yield json.dumps({"heard": told})
    yield from rows(samples.astype("<i2").tobytes())
    yield json.dumps({"end": {"parts": 1}})


def peaks(fd: int, *, max_pixels: int, max_parts: int, payload: bytes) -> Iterator[str]:  # noqa: ARG001
    """How loud the first soundtrack is from its beginning to its end, then ``end``."""
    try:
        with _opened(fd) as (container, stream):
            found, mono = _Peaks(), _Mono()
            for packet in chain(packets(container, stream), (None,)):
                for frame in _decoded(stream, packet) or ():
                    found.take(mono.take(frame))
            found.take(mono.take(None))
    except CannotShow as refused:
        yield from refused.said()
        return
    yield json.dumps({"peaks": found.told()})
    yield json.dumps({"end": {"parts": 1}})


@contextmanager
def _opened(fd: int) -> Iterator[tuple[InputContainer, AudioStream]]:
    try:
        with open_container(fd) as container:
            if not container.streams.audio:
                raise CannotShow(UnscannedReason.UNSUPPORTED, "it has no sound")
            stream = container.streams.audio[0]
            context: Any = stream.codec_context
            if context is None:
                raise CannotShow(UnscannedReason.UNSUPPORTED, "no decoder for this kind of sound")
            context.thread_count = 1
            yield container, stream
    except av.error.MemoryError as error:
        raise MemoryError from error
    except av.error.FFmpegError as error:
        raise CannotShow(reason_of(error), f"it cannot be heard ({type(error).__name__})") from error


def _heard(
    container: InputContainer, stream: AudioStream, begins: float
) -> tuple[dict[str, object], Samples]:
    tick = float(stream.time_base or 1)
    wanted, missing, at = begins + SEGMENT_SECONDS, 0, 0.0
    pieces: list[Samples] = []
    mono = _Mono()
    first: float | None = None
    ended = True
    for packet in chain(packets(container, stream), (None,)):
        length = packet.duration * tick if packet is not None and packet.duration else 0.0
        if first is None and length and at + length < begins - _WARM:
            at += length
            continue
        first = at if first is None else first
        frames = _decoded(stream, packet)
        missing += frames is None and begins <= at < wanted
        pieces += [mono.take(frame) for frame in frames or ()]
        if packet is None:
            pieces.append(mono.take(None))
        at = max(at, first + sum(map(len, pieces)) / HEARD_RATE) if frames is not None else at + length
        if first + sum(map(len, pieces)) / HEARD_RATE >= wanted:
            ended = False
            break
    samples = np.concatenate([np.zeros(0, np.int16), *pieces])
    skipped = round((begins - (first or 0.0)) * HEARD_RATE)
    samples = samples[max(0, skipped) :][: SEGMENT_SECONDS * HEARD_RATE]
    if not len(samples):
        raise CannotShow(UnscannedReason.TRUNCATED, "nothing of it is heard from there on")
    told: dict[str, object] = {
        "begins": begins,
        "ends": round(begins + len(samples) / HEARD_RATE, 3),
        "ended": ended,
        "promised": max(0.0, float(stream.duration * tick)) if stream.duration else 0.0,
        "missing": missing,
        "counts": len(container.streams.audio) == 1,
        "samples": len(samples),
    }
    return told, samples


def _decoded(stream: AudioStream, packet: Packet[Any] | None) -> list[AudioFrame] | None:
    """The frames in a packet, or at the end those that the decoder kept back; None where it cannot."""
    try:
        return list(stream.codec_context.decode(packet))
    except av.error.MemoryError as error:
        raise MemoryError from error
    except av.error.EOFError:
        return []
    except av.error.FFmpegError:
        return None


class _Mono:
    """Frames as 16-bit samples in one channel; a soundtrack may change its form on the way."""

    def __init__(self) -> None:
        self._resampler: av.AudioResampler | None = None
        self._shape: tuple[str, str, int] | None = None

    def take(self, frame: AudioFrame | None) -> Samples:
        """The samples of a frame, or with none what was kept back."""
        found: list[AudioFrame] = []
        if frame is not None:
            frame.pts = None  # running time is counted, not read
            shape = frame.format.name, frame.layout.name, frame.sample_rate
            if shape != self._shape:
                found += self._resampler.resample(None) if self._resampler else []
                self._resampler, self._shape = av.AudioResampler("s16", "mono", HEARD_RATE), shape
        if self._resampler is not None:
            found += self._resampler.resample(frame)
        pieces = [each.to_ndarray().reshape(-1) for each in found]
        return np.concatenate([np.zeros(0, np.int16), *pieces]).astype(np.int16, copy=False)


class _Peaks:
    """The largest sample of each stretch; stretches grow with the sound, so that their number does not."""

    def __init__(self) -> None:
        self._size = _FINEST
        self._rest = np.zeros(0, np.int16)
        self._found: list[int] = []
        self._samples = 0

    def take(self, samples: Samples) -> None:
        """Go on with the next samples."""
        self._samples += len(samples)
        rest = np.concatenate([self._rest, samples])
        while len(rest) >= self._size:
            self._found.append(_loudest(rest[: self._size]))
            rest = rest[self._size :]
            if len(self._found) == _PEAKS:
                self._found = [max(self._found[n : n + 2]) for n in range(0, _PEAKS, 2)]
                self._size *= 2
        self._rest = rest

    def told(self) -> dict[str, object]:
        """What is said of it. Raises :class:`CannotShow` for a soundtrack of which nothing can be decoded."""
        if not self._samples:
            raise CannotShow(UnscannedReason.DAMAGED, "no sound could be decoded")
        found = [*self._found, _loudest(self._rest)] if len(self._rest) else self._found
        return {"seconds": round(self._samples / HEARD_RATE, 3), "peaks": found}


def _loudest(samples: Samples) -> int:
    return min(255, int(np.abs(samples.astype(np.int32)).max(initial=0)) >> 7)


def _warm_up() -> None:
    """Load what NumPy and PyAV would load with the first sound, when there is no file system any more."""
    frame = av.AudioFrame.from_ndarray(np.zeros((2, HEARD_RATE), np.float32), "fltp", "stereo")
    frame.sample_rate = 2 * HEARD_RATE
    _Peaks().take(_Mono().take(frame))


_warm_up()
