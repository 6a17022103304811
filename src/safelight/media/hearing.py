"""A few seconds of a sound, to be listened to, and how loud it is over its running time; made in the sandbox.

Sound arrives as plain samples of bounded number; nothing of the file's own bytes can come along.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import wave
from dataclasses import dataclass
from typing import Final

import numpy as np

from safelight.media import video
from safelight.media.rendering_shape import HEARD_RATE, SEGMENT_SECONDS
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.families import RENDERING_RECORDING
from safelight.media.sandbox.messages import HeardFound, PeaksFound, SheetRows
from safelight.media.sandbox.protocol import Reply
from safelight.media.sound_types import is_sound
from safelight.types import Problem, UnscannedReason

QUIETER: Final = 4
"""The loudest sample that is ever heard is this part of full scale (12 dB below it)."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What is to be heard from ``begins`` to ``ends`` (seconds): ``samples`` of 16 bits, one channel.

    ``ended``, ``promised``, ``missing`` and ``counts`` as in :class:`~safelight.media.playing.Segment`; it
    does not count where there is another soundtrack.
    """

    begins: float
    ends: float
    ended: bool
    promised: float
    missing: int
    counts: bool
    samples: bytes

    def wav(self) -> bytes:
        """A WAVE file of it, with the volume capped."""
        quiet = np.frombuffer(self.samples, "<i2") // QUIETER
        written = io.BytesIO()
        with wave.open(written, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(HEARD_RATE)
            file.writeframes(quiet.astype("<i2").tobytes())
        return written.getvalue()


@dataclass(frozen=True, slots=True)
class Waveform:
    """How loud (0-255) each of equal stretches of ``seconds`` is; nothing can be understood of it."""

    seconds: float
    peaks: tuple[int, ...]


def can_hear(mime: str) -> bool:
    """Whether files of this type may have a soundtrack."""
    return is_sound(mime) or mime in video.MIMES


def heard_of(fd: int, begins: float, sandbox: Sandbox) -> Heard | Problem:
    """Up to four seconds of the first soundtrack behind ``fd`` from ``begins`` (seconds) on, or why not.

    Raises :class:`~safelight.errors.SandboxError` where there is no sandbox.
    """
    payload = json.dumps({"make": "listen", "begins": begins}).encode()
    reply = sandbox.decode(RENDERING_RECORDING.name, fd, payload)
    told = next((message for message in reply.messages if isinstance(message, HeardFound)), None)
    if told is None or reply.problems:
        return _refused(reply, "no sound")
    try:
        rows = [base64.b64decode(m.data, validate=True) for m in reply.messages if isinstance(m, SheetRows)]
    except binascii.Error:
        return _unsound("no samples")
    samples = b"".join(rows)
    lasts = told.samples / HEARD_RATE
    if told.begins != begins or lasts > SEGMENT_SECONDS or abs(told.ends - begins - lasts) > 0.01:
        return _unsound("another moment")
    if len(samples) != 2 * told.samples:
        return _unsound("other samples")
    return Heard(begins, told.ends, told.ended, told.promised, told.missing, told.counts, samples)


def waveform_of(fd: int, sandbox: Sandbox) -> Waveform | Problem:
    """How loud the first soundtrack behind ``fd`` is over its running time, or why that is not known."""
    reply = sandbox.decode(RENDERING_RECORDING.name, fd, json.dumps({"make": "peaks"}).encode())
    told = next((message for message in reply.messages if isinstance(message, PeaksFound)), None)
    if told is None or reply.problems:
        return _refused(reply, "no peaks")
    return Waveform(told.seconds, told.peaks)


def _refused(reply: Reply, detail: str) -> Problem:
    return reply.problems[0] if reply.problems else _unsound(detail)


def _unsound(detail: str) -> Problem:
    return Problem(UnscannedReason.BAD_REPLY, detail=f"the maker of what is heard sent {detail}")
