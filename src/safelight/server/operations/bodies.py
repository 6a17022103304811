"""Limits on request bodies: how large, how slow and how long, each known before or while it arrives."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Protocol

from granian._granian import RSGIProtocolClosed as ProtocolClosed
from granian._granian import RSGIProtocolError as ProtocolError

from safelight.server.config import Limits
from safelight.server.operations.environ import Environ
from safelight.vault.spool import Spool

GRACE_SECONDS: Final = 5.0
"""Before the least rate is asked for: connections start slowly."""
AT_ONCE: Final = 1 << 20
"""Bytes up to which a body is awaited as one; larger ones go to their spool in such pieces."""
_MIB: Final = 1 << 20


class Coming(Protocol):
    """As much of granian's future as is used."""

    def add_done_callback(self, what: Callable[[object], None], /, *, context: object) -> None:
        """Have the loop call this."""
        ...

    def cancel(self) -> object:
        """Wait for it no more."""
        ...

    def result(self) -> bytes:
        """What came."""
        ...


class BodyProtocol(Protocol):
    """As much of RSGI's protocol object as bodies need: the whole at once, or piece by piece."""

    def __call__(self) -> Coming:
        """The whole body; any thread may ask."""
        ...

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Its pieces, as they come."""
        ...


@dataclass(slots=True)
class BodyRefused(Exception):
    """A body that is not taken in, why, and what of it had come (bytes, seconds)."""

    status: HTTPStatus
    why: str
    arrived: int = 0
    seconds: float = 0.0


def declared_length(environ: Environ, limits: Limits) -> int:
    """How long the body says that it is, in bytes; 0 for none. Raises :class:`BodyRefused`."""
    if "HTTP_TRANSFER_ENCODING" in environ:
        raise BodyRefused(HTTPStatus.LENGTH_REQUIRED, "Say how long it is: Content-Length.")
    told = environ.get("CONTENT_LENGTH") or "0"
    if not (told.isascii() and told.isdigit()):
        raise BodyRefused(HTTPStatus.BAD_REQUEST, "Content-Length is not a number.")
    length = int(told)
    if length > limits.body_mib * _MIB:
        raise BodyRefused(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A body may have {limits.body_mib} MiB at most."
        )
    return length


def patience(arrived: int, took: float, limits: Limits) -> float:
    """Seconds that a body may go on, of which so many bytes have come in so many seconds.

    At most ``body_seconds`` in all, and never behind ``body_rate_kib`` a second but for
    :data:`GRACE_SECONDS`. Nought or less: it is overdue.
    """
    left = limits.body_seconds - took
    if not limits.body_rate_kib:
        return left
    return min(left, GRACE_SECONDS + arrived / (limits.body_rate_kib * 1024) - took)


class Whole:
    """A body of at most :data:`AT_ONCE` bytes, which has the patience that its length allows.

    It costs no task of the loop, as most requests have such a body.
    """

    def __init__(self, protocol: BodyProtocol, length: int, limits: Limits) -> None:
        """It is on its way from now on."""
        self._length = length
        self._began = time.monotonic()
        self._due = self._began + patience(length, 0.0, limits)
        self._overdue = False
        self._coming: Coming | None = protocol()

    def when_over(self, what: Callable[[object], None]) -> None:
        """Have the loop call this once it is all there, or never will be."""
        assert self._coming is not None
        self._coming.add_done_callback(what, context=None)

    def cut_off_if_overdue(self, now: float) -> None:
        """By ``time.monotonic``; in the loop's thread."""
        if now > self._due and self._coming is not None:
            self._overdue = True
            self._coming.cancel()

    def result(self) -> bytes:
        """All of it, once. Raises :class:`BodyRefused`."""
        # Granian's future holds what it calls, which holds this, and the collector does not see through Rust.
        coming, self._coming = self._coming, None
        assert coming is not None
        try:
            body = coming.result()
        except asyncio.CancelledError:
            raise _too_slow(0, self._began) from None
        except (ProtocolClosed, ProtocolError):  # the sender left
            raise (_too_slow if self._overdue else _cut)(0, self._began) from None
        if len(body) != self._length:
            raise _cut(len(body), self._began)
        return body


async def take_in(protocol: BodyProtocol, spool: Spool, length: int, limits: Limits) -> None:
    """Put a larger body into a spool, and finish that. Raises :class:`BodyRefused` and what spools raise."""
    began = time.monotonic()
    pieces = aiter(protocol)
    gathered: list[bytes] = []
    waiting = arrived = 0
    while arrived < length:
        try:
            async with asyncio.timeout(patience(arrived, time.monotonic() - began, limits)):
                piece = await anext(pieces)
        except TimeoutError:
            raise _too_slow(arrived, began) from None
        except (StopAsyncIteration, ProtocolClosed, ProtocolError):
            raise _cut(arrived, began) from None
        gathered.append(piece)
        waiting += len(piece)
        arrived += len(piece)
        if waiting >= AT_ONCE or arrived >= length:
            # Not in the loop: a slow disk would stop every other body.
            await asyncio.to_thread(spool.write, b"".join(gathered))
            gathered, waiting = [], 0
    spool.finish()


def _too_slow(arrived: int, began: float) -> BodyRefused:
    why = "The body came too slowly. Send it again on a better connection."
    return BodyRefused(HTTPStatus.REQUEST_TIMEOUT, why, arrived, round(time.monotonic() - began, 1))


def _cut(arrived: int, began: float) -> BodyRefused:
    why = "The body ended before its Content-Length. Send it again."
    return BodyRefused(HTTPStatus.BAD_REQUEST, why, arrived, round(time.monotonic() - began, 1))
