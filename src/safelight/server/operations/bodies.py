"""Limits on request bodies: how large, how slow, how long, and how many at once.

Granian reads a body while a thread waits for it and has no limit of its own. So a few threads are never given
to bodies, and the connection of a body that is overdue is shut down, which frees its thread.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import structlog

from safelight.server.config import Limits
from safelight.server.operations.hosts import Application, Start

log = structlog.get_logger("safelight.bodies")

GRACE_SECONDS: Final = 5.0
"""Before the least rate is asked for: connections start slowly."""
_LOOK_SECONDS: Final = 0.5
_MIB: Final = 1 << 20


class Stream(Protocol):
    """As much of ``wsgi.input`` as is used."""

    def read(self, size: int = -1, /) -> bytes:
        """At most ``size`` bytes, none at the end."""
        ...


@dataclass(slots=True)
class Arriving:
    """A body on its way. ``peer`` is the other end of its connection, None where the server does not tell."""

    stream: Stream
    length: int
    peer: tuple[str, int] | None
    started: float = field(default_factory=time.monotonic)
    arrived: int = 0

    def read(self, size: int = -1) -> bytes:
        """Bytes of the body, as they come."""
        piece = self.stream.read(self.length - self.arrived if size < 0 else size)
        self.arrived += len(piece)
        return piece

    def readline(self, size: int = -1) -> bytes:
        """WSGI asks for it; nobody here reads a body by lines."""
        line = bytearray()
        while (size < 0 or len(line) < size) and (byte := self.read(1)):
            line += byte
            if byte == b"\n":
                break
        return bytes(line)

    def readlines(self, _hint: int = -1) -> list[bytes]:
        """All lines."""
        return list(self)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def overdue(self, limits: Limits, now: float) -> bool:
        """Whether it is too slow or takes too long."""
        took = now - self.started
        if self.arrived >= self.length:
            return False
        expected = limits.body_rate_kib * 1024 * (took - GRACE_SECONDS)
        return self.arrived < expected or took > limits.body_seconds


class BodyLimits:
    """WSGI middleware that enforces :class:`~safelight.server.config.Limits` on every body.

    At most ``at_once`` bodies are taken in at a time; more are told to come back.
    """

    def __init__(self, application: Application, limits: Limits, at_once: int) -> None:
        """Its watching thread starts with the first body."""
        self._application = application
        self._limits = limits
        self._places = threading.BoundedSemaphore(at_once)
        self._arriving: dict[int, Arriving] = {}
        self._mutex = threading.Lock()
        self._watching = False

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        """Answer, or refuse the body before a byte of it is read."""
        if "HTTP_TRANSFER_ENCODING" in environ:
            return _refuse(start_response, "411 Length Required", "Say how long it is: Content-Length.")
        try:
            length = int(environ.get("CONTENT_LENGTH") or 0)
        except ValueError:
            return _refuse(start_response, "400 Bad Request", "Content-Length is not a number.")
        if length <= 0:
            return self._application(environ, start_response)
        if length > self._limits.body_mib * _MIB:
            why = f"A body may have {self._limits.body_mib} MiB at most."
            return _refuse(start_response, "413 Content Too Large", why)
        if not self._places.acquire(blocking=False):
            return _refuse(
                start_response, "503 Service Unavailable", "Too many uploads at once. Repeat this one soon."
            )
        try:
            with self._watched(environ, length):
                # To the end here, while the body counts as arriving.
                answer = self._application(environ, start_response)
                try:
                    return list(answer)
                finally:
                    if (close := getattr(answer, "close", None)) is not None:
                        close()
        finally:
            self._places.release()

    @contextlib.contextmanager
    def _watched(self, environ: dict[str, Any], length: int) -> Iterator[None]:
        peer = _peer(environ)
        body = Arriving(environ["wsgi.input"], length, peer)
        environ["wsgi.input"] = body
        with self._mutex:
            self._arriving[id(body)] = body
            if not self._watching:
                self._watching = True
                threading.Thread(target=self._watch, name="safelight-bodies", daemon=True).start()
        try:
            yield
        finally:
            with self._mutex:
                del self._arriving[id(body)]

    def _watch(self) -> None:
        while True:
            time.sleep(_LOOK_SECONDS)
            now = time.monotonic()
            with self._mutex:
                overdue = [body for body in self._arriving.values() if body.overdue(self._limits, now)]
            for body in overdue:
                log.info("slow body refused", size=body.arrived, seconds=round(now - body.started))
                if body.peer is not None:
                    shut_connection(body.peer)


def _peer(environ: dict[str, Any]) -> tuple[str, int] | None:
    address, port = environ["REMOTE_ADDR"], environ.get("REMOTE_PORT")
    if port is None:
        address, _, port = address.rpartition(":")
    return (address, int(port)) if address and port.isdigit() else None


def shut_connection(peer: tuple[str, int]) -> None:
    """Shut this process's connection with a peer down; whoever reads from it meets its end."""
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            descriptor = os.dup(int(entry.name))
            try:
                connection = socket.socket(fileno=descriptor)
            except OSError:
                os.close(descriptor)
                continue
            with connection:
                if connection.getpeername() == peer:
                    connection.shutdown(socket.SHUT_RDWR)


def _refuse(start_response: Start, status: str, why: str) -> Iterable[bytes]:
    start_response(status, [("Content-Type", "text/plain; charset=utf-8"), ("Connection", "close")])
    return [why.encode() + b"\n"]
