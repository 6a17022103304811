"""Fingerprints soundtracks; runs in a sandboxed child, on a descriptor, in memory that time does not fill.

A fault in a soundtrack costs the packet it is in. What was fingerprinted before a file ends, or before the
child is stopped, is told as it is ready.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # a warm parent has one thread
import numpy as np

from safelight.media.chromaprint import MISSING, RATE, Fingerprinter, library_version
from safelight.signals.audio import CHROMAPRINT, CHROMAPRINT_SHORT, SHORT_SECONDS, SoundType
from safelight.sounds import WINDOW, Items, packed
from safelight.types import UnscannedReason
from safelight.values import MOST_ITEMS

try:
    import av

    from safelight.media.av_container import open_container, reason_of

    HAS_AV = True
except ImportError:  # safelight without [media]
    HAS_AV = False

if TYPE_CHECKING:
    import numpy.typing as npt
    from av.audio.codeccontext import AudioCodecContext
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream

MAX_STREAMS: Final = 8
"""Soundtracks of a file that are looked at: more languages than films have."""

DECLARES: Final = frozenset({"aiff", "avi", "caf", "flac", "mov", "w64", "wav"})
"""Formats whose headers say how long a soundtrack is; of others FFmpeg guesses it from the bit rate."""

MAX_SECONDS: Final = 24 * 3600
"""Of all soundtracks together: silence compresses so well that a small file can hold years of it."""

Message = dict[str, dict[str, object]]


def decode(
    fd: int,
    *,
    max_pixels: int,  # noqa: ARG001 - what every decoder is given
    max_parts: int,  # noqa: ARG001
) -> Iterator[str]:
    """Yield the fingerprints of every soundtrack in pieces, then ``end``. Without soundtracks just that."""
    parts = 0
    for message in _sounds(fd):
        parts += "sound" in message
        yield json.dumps(message)
    yield json.dumps({"end": {"parts": parts}})


def _sounds(fd: int) -> Iterator[Message]:
    if not HAS_AV:
        yield _problem(UnscannedReason.NOT_INSTALLED, "PyAV is not installed; install safelight[media]")
        return
    try:
        container = open_container(fd)
    except Exception as error:  # noqa: BLE001 - a stranger's file makes PyAV raise anything
        yield _problem(*_fault(error))
        return
    streams = list(container.streams.audio)
    if streams and library_version() is None:
        yield _problem(UnscannedReason.NOT_INSTALLED, MISSING)
    elif streams:
        if len(streams) > MAX_STREAMS:
            detail = f"{len(streams)} soundtracks; the first {MAX_STREAMS} were compared"
            yield _problem(UnscannedReason.TOO_MANY_PARTS, detail)
        yield from _tracks(container, streams[:MAX_STREAMS])


def _tracks(container: InputContainer, streams: list[AudioStream]) -> Iterator[Message]:
    declares = not DECLARES.isdisjoint(container.format.name.split(","))
    tracks = {
        stream.index: _Track(number, stream, declares) for number, stream in enumerate(streams, start=1)
    }
    stopped: Message | None = None
    try:
        for packet in container.demux(*streams):
            if packet.size:
                yield from tracks[packet.stream_index].take(packet)
            if sum(track.seconds for track in tracks.values()) > MAX_SECONDS:
                detail = f"more than {MAX_SECONDS // 3600} hours of sound; the first ones were compared"
                stopped = _problem(UnscannedReason.TOO_MANY_PARTS, detail)
                break
    except Exception as error:  # noqa: BLE001 - as in _sounds
        stopped = _problem(*_fault(error))
    for track in tracks.values():
        yield from track.end()
    if stopped:
        yield stopped


class _Track:
    """One soundtrack: decoded, made into one channel, and fingerprinted."""

    def __init__(self, number: int, stream: AudioStream, declares: bool) -> None:
        self._number = number
        duration, unit = stream.duration, stream.time_base
        self._declared = float(duration * unit) if declares and duration and unit else 0.0
        self._context: AudioCodecContext | None = stream.codec_context  # None for an unknown codec
        if self._context is not None:
            self._context.thread_count = 1
        self._resampler: av.AudioResampler | None = None
        self._shape: tuple[str, str, int] | None = None
        self._prints = [_Print(number, CHROMAPRINT), _Print(number, CHROMAPRINT_SHORT)]
        self._faults: dict[UnscannedReason, str] = {}
        self._samples = 0
        self._decoded = False

    @property
    def seconds(self) -> float:
        """How much sound was decoded."""
        return self._samples / RATE

    def take(self, packet: Packet[Stream] | None) -> Iterator[Message]:
        """Decode a packet, or what the decoder kept back."""
        if self._context is None:
            self._faults[UnscannedReason.UNSUPPORTED] = "no decoder for this kind of sound"
            return
        try:
            frames = self._context.decode(packet)
        except Exception as error:  # noqa: BLE001 - as in _sounds
            self._faults.setdefault(*_fault(error))
            return
        for frame in frames:
            yield from self._hear(frame)

    def _hear(self, frame: AudioFrame | None) -> Iterator[Message]:
        for samples in self._converted(frame):
            self._samples += len(samples)
            if self._samples > SHORT_SECONDS * RATE:
                del self._prints[1:]
            for each in self._prints:
                yield from each.hear(samples)

    def _converted(self, frame: AudioFrame | None) -> list[npt.NDArray[np.int16]]:
        """The frame as 16-bit samples in one channel; a soundtrack may change its form on the way."""
        done: list[npt.NDArray[np.int16]] = []
        if frame is not None:
            shape = frame.format.name, frame.layout.name, frame.sample_rate
            if shape != self._shape:
                done = self._converted(None)
                self._resampler, self._shape = av.AudioResampler("s16", "mono", RATE), shape
            frame.pts = None  # gaps in the time stamps are no silence
        if self._resampler is None:
            return done
        try:
            out = self._resampler.resample(frame)
        except Exception as error:  # noqa: BLE001 - as in _sounds
            self._faults.setdefault(*_fault(error))
            return done
        self._decoded = self._decoded or bool(out)
        return [*done, *(_samples(each) for each in out)]

    def end(self) -> Iterator[Message]:
        """What is left, and what was wrong with the soundtrack."""
        if self._context is not None:
            yield from self.take(None)
            yield from self._hear(None)
        for each in self._prints:
            yield from each.end()
        if not self._faults and self.seconds < 0.98 * self._declared - 1:
            detail = f"{self.seconds:.0f} of {self._declared:.0f} seconds are there"
            self._faults[UnscannedReason.TRUNCATED] = detail
        for reason, detail in self._faults.items():
            yield _problem(reason, detail, self._number)
        if not self._faults and not self._decoded:
            yield _problem(UnscannedReason.DAMAGED, "no sound could be decoded", self._number)


class _Print:
    """One fingerprint, told in overlapping pieces so that no window falls between two of them."""

    def __init__(self, number: int, kind: SoundType) -> None:
        self._number = number
        self._kind = kind
        self._maker = Fingerprinter(kind.algorithm)
        self._items: Items = np.zeros(0, np.uint32)
        self._at = 0
        self._told = 0
        self._loudest = 0
        self._since = 0

    def hear(self, samples: npt.NDArray[np.int16]) -> Iterator[Message]:
        self._loudest = max(self._loudest, int(np.abs(samples.astype(np.int32)).max(initial=0)))
        self._maker.feed(samples)
        self._since += len(samples)
        if self._since > 60 * RATE:  # taking the items copies them; once a minute is enough
            yield from self._take()

    def _take(self) -> Iterator[Message]:
        self._since = 0
        self._items = np.concatenate([self._items, self._maker.take()])
        while len(self._items) >= MOST_ITEMS:
            yield self._say(self._items[:MOST_ITEMS])
            self._items = self._items[MOST_ITEMS - WINDOW :]
            self._at += MOST_ITEMS - WINDOW
            self._loudest = 0

    def end(self) -> Iterator[Message]:
        self._maker.finish()
        yield from self._take()
        if not self._told or len(self._items) > WINDOW:
            yield self._say(self._items)

    def _say(self, items: Items) -> Message:
        self._told += 1
        fields = {"stream": self._number, "kind": self._kind.name, "at": self._at}
        return {"sound": {**fields, "items": packed(items).hex(), "loudest": self._loudest}}


def _fault(error: Exception) -> tuple[UnscannedReason, str]:
    if isinstance(error, MemoryError):
        raise MemoryError from error  # noqa: TRY004 - C++ says so, which needs no memory for it
    return reason_of(error), getattr(error, "strerror", None) or str(error) or type(error).__name__


def _samples(frame: AudioFrame) -> npt.NDArray[np.int16]:
    return frame.to_ndarray().reshape(-1).astype(np.int16, copy=False)


def _problem(reason: UnscannedReason, detail: str, stream: int | None = None) -> Message:
    selectors = [] if stream is None else [["audio", str(stream)]]
    return {"problem": {"reason": reason.value, "detail": detail[:200], "selectors": selectors}}


def _warm_up() -> None:
    """Load what NumPy and PyAV would load with the first sound, when there is no file system any more."""
    if not HAS_AV or library_version() is None:
        return
    frame = av.AudioFrame.from_ndarray(np.zeros((2, RATE), np.float32), "fltp", "stereo")
    frame.sample_rate = 2 * RATE
    maker = Fingerprinter(CHROMAPRINT.algorithm)
    for each in av.AudioResampler("s16", "mono", RATE).resample(frame):
        maker.feed(_samples(each))
    maker.finish()
    packed(maker.take())


_warm_up()
