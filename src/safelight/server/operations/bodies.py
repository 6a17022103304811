"""Limits on request bodies: how large, how slow and how long, each known before or while it arrives."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable
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


class BodyProtocol(Protocol):
    """As much of RSGI's protocol object as bodies need: the whole at once, or piece by piece."""

    def __call__(self) -> Awaitable[bytes]:
        """The whole body."""
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


async def take_in_at_once(protocol: BodyProtocol, length: int, limits: Limits) -> bytes:
    """A body of at most :data:`AT_ONCE` bytes, with the patience that its length allows.

    Raises :class:`BodyRefused`.
    """
    began = time.monotonic()
    try:
        async with asyncio.timeout(patience(length, 0.0, limits)):
            body = await protocol()
    except TimeoutError:
        raise _too_slow(0, began) from None
    except (ProtocolClosed, ProtocolError):  # the sender left
        raise _cut(0, began) from None
    if len(body) != length:
        raise _cut(len(body), began)
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
