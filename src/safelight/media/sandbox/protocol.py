"""The request that a warm parent takes, and the reply that is believed only as far as it goes.

The layout is that of ``native/confine/warm_parent.hpp``.
"""

from __future__ import annotations

import struct
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from safelight.media.sandbox.limits import Limits
from safelight.media.sandbox.members import Enough, MemberSink
from safelight.media.sandbox.messages import (
    Body,
    Ended,
    Failed,
    FailureReason,
    InvalidMessage,
    MemberEnded,
    MemberFound,
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

DATA: Final = b"\0"
"""What a data packet begins with, and no JSON does; the rest of the packet are bytes of the open member."""

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

    Bytes of members go to ``members`` as they come and are nowhere kept here; how many may come is for that
    sink to say. What it made of a member stands, whatever the decoder says later: it looked at the bytes.
    """

    def __init__(self, kinds: MessageSet, limits: Limits, members: MemberSink | None = None) -> None:
        if kinds.members and members is None:
            raise ValueError("this family returns members: say where they go")
        self._kinds = kinds
        self._limits = limits
        self._members = members if kinds.members else None
        self._open = False
        self._bytes = 0
        self._left = 4 * limits.max_parts + 16  # a part can be laid on two backgrounds, and have two problems
        if self._members:
            self._left += 4 * limits.max_members
        self._findings: list[Body] = []
        self._problems: list[Problem] = []

    @property
    def empty(self) -> bool:
        """Whether nothing was said yet."""
        return self._bytes == 0

    def add(self, message: bytes) -> Reply | None:
        """Take one message; the reply if it was the last."""
        try:
            if message[:1] == DATA:
                self._data(message)
                return None
            self._bytes += len(message)
            self._left -= 1
            if len(message) > MAX_MESSAGE or self._bytes > MAX_REPLY_BYTES or self._left < 0:
                return self._refuse("the decoder said more than a sound one does")
            return self._take(self._kinds.read(message))
        except InvalidMessage as error:
            return self._refuse(f"not a message of this decoder: {error}")
        except Enough as enough:
            return self.stop(enough.reason, enough.detail)

    def _data(self, message: bytes) -> None:
        if self._members is None or not self._open or not 1 < len(message) <= MAX_MESSAGE:
            raise InvalidMessage("data of no member")
        self._members.write(memoryview(message)[1:])

    def _refuse(self, detail: str) -> Reply:
        self._cut()
        return Reply.nothing(UnscannedReason.BAD_REPLY, detail)

    def _take(self, body: Body) -> Reply | None:
        match body:
            case MemberFound():
                if self._open:
                    raise InvalidMessage("a member within a member")
                assert self._members is not None
                self._members.begin(body.name)
                self._findings.append(body)
                self._open = True
            case MemberEnded():
                if not self._open:
                    raise InvalidMessage("an end of no member")
                self._open = False
                assert self._members is not None
                self._members.end(whole=body.whole)
            case Ended() if self._open:
                raise InvalidMessage("an end within a member")
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
        self._cut()
        self._problems.append(Problem(reason, detail=detail))
        return self._reply()

    def _cut(self) -> None:
        """Hand on what came of a member that will not come to its end."""
        if self._open and self._members is not None:
            self._open = False
            with suppress(Enough):
                self._members.end(whole=False)

    def _reply(self) -> Reply:
        return Reply(tuple(self._findings), tuple(self._problems))
