"""The request that a warm parent takes, and the reply that is believed only as far as it goes.

The layout is that of ``native/confine/warm_parent.hpp``.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from safelight.media.sandbox.limits import Limits
from safelight.media.sandbox.messages import (
    Body,
    Ended,
    Failed,
    FailureReason,
    InvalidMessage,
    MessageSet,
    PictureFound,
    ProblemFound,
)
from safelight.native import _confine
from safelight.types import Problem, UnscannedReason

_HEADER: Final = struct.Struct("<IIIIQQIIII")

MAX_MESSAGE: Final = _confine.MAX_MESSAGE
"""Bytes of one message, in either direction."""

MAX_REPLY_BYTES: Final = 32 << 20
"""Bytes of all messages about one file: 3,000 frames, each over two backgrounds, say about 5 MB."""

_REASONS: Final = {
    FailureReason.TIMEOUT: UnscannedReason.TIMEOUT,
    FailureReason.OUT_OF_MEMORY: UnscannedReason.OUT_OF_MEMORY,
    FailureReason.CRASHED: UnscannedReason.CRASHED,
    FailureReason.REFUSED: UnscannedReason.SANDBOX_UNAVAILABLE,
    FailureReason.UNCONFINED: UnscannedReason.SANDBOX_UNAVAILABLE,
}


def pack_request(limits: Limits, payload: bytes = b"", *, flags: int = 0) -> bytes:
    """A request, to be sent with the file and the reply socket attached. ``payload`` is for the decoder."""
    if len(payload) > MAX_MESSAGE:
        raise ValueError(f"a payload of {len(payload)} bytes; at most {MAX_MESSAGE} fit a request")
    header = _HEADER.pack(
        _confine.MAGIC,
        _confine.PROTOCOL,
        round(limits.wall_seconds * 1000),
        limits.cpu_seconds,
        limits.memory_bytes,
        limits.max_pixels,
        limits.max_parts,
        flags,
        len(payload),
        0,
    )
    return header + payload


@dataclass(frozen=True, slots=True)
class Reply:
    """What a decoder found (``messages``) and what it, or the sandbox around it, could not look at."""

    messages: tuple[Body, ...] = ()
    problems: tuple[Problem, ...] = ()

    @classmethod
    def nothing(cls, reason: UnscannedReason, detail: str) -> Reply:
        """A reply that is one problem with the whole file."""
        return cls(problems=(Problem(reason, detail=detail),))


class Collector:
    """Gathers one file's messages until the end, a failure, or something that a sound decoder never sends.

    What came before a failure is kept: a frame hashed before the decoder died may still match. A reply that
    breaks a rule is kept in no part, since nothing tells where the decoder stopped being itself.
    """

    def __init__(self, kinds: MessageSet, limits: Limits) -> None:
        self._kinds = kinds
        self._limits = limits
        self._bytes = 0
        self._left = 4 * limits.max_parts + 16  # a part can be laid on two backgrounds, and have two problems
        self._findings: list[Body] = []
        self._problems: list[Problem] = []

    @property
    def empty(self) -> bool:
        """Whether nothing was said yet."""
        return self._bytes == 0

    def add(self, message: bytes) -> Reply | None:
        """Take one message; the reply if it was the last."""
        self._bytes += len(message)
        self._left -= 1
        if len(message) > MAX_MESSAGE or self._bytes > MAX_REPLY_BYTES or self._left < 0:
            return Reply.nothing(UnscannedReason.BAD_REPLY, "the decoder said more than a sound one does")
        try:
            return self._take(self._kinds.read(message))
        except InvalidMessage as error:
            return Reply.nothing(UnscannedReason.BAD_REPLY, f"not a message of this decoder: {error}")

    def _take(self, body: Body) -> Reply | None:
        match body:
            case Ended():
                found = sum(isinstance(finding, self._kinds.counted) for finding in self._findings)
                if body.parts != found:
                    raise InvalidMessage("an end that counts other parts")
                return self._reply()
            case Failed():
                return self.stop(_REASONS[body.reason], body.detail)
            case ProblemFound():
                self._problems.append(Problem(body.reason, body.part, body.detail))
            case PictureFound() if body.width * body.height > self._limits.max_pixels:
                raise InvalidMessage("a picture larger than allowed")
            case _:
                self._findings.append(body)
        return None

    def stop(self, reason: UnscannedReason, detail: str) -> Reply:
        """The reply as it stands, and why it goes no further."""
        self._problems.append(Problem(reason, detail=detail))
        return self._reply()

    def _reply(self) -> Reply:
        return Reply(tuple(self._findings), tuple(self._problems))
