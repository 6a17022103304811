"""Between granian and Django: bodies are taken in without a thread, whole and in time, and only then answered.

A thread that waits for a slow sender is a thread that serves nobody. So the event loop takes every body in,
under the limits on size, rate and time; a thread gets the request once all of it is there, and hands its
answer over whole, so that a slow receiver holds no thread either. A sender who is too slow is told so, and
its connection is closed.
"""

from __future__ import annotations

import asyncio
import io
import json
import queue
import threading
from collections.abc import Iterable
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Final, Protocol

import structlog
from granian.rsgi import ProtocolClosed, ProtocolError

from safelight.errors import StoreUnavailable
from safelight.server.config import Limits
from safelight.server.operations.bodies import (
    AT_ONCE,
    BodyProtocol,
    BodyRefused,
    declared_length,
    take_in,
    take_in_at_once,
)
from safelight.server.operations.environ import BODY, Environ, Scope, environ_of, reading
from safelight.server.operations.hosts import Application
from safelight.server.operations.promised import PROMISE, Promise
from safelight.vault.spool import Spool

log = structlog.get_logger("safelight.gateway")

WATCHING_THREADS: Final = 2
"""Threads kept for those who watch the server: however busy it is, they are answered."""
WATCHED: Final = frozenset({"/healthz", "/readyz", "/metrics"})
_NOT_NOW: Final = "Nothing can be taken in at the moment. Send this again soon."
_PROBLEM: Final = ("content-type", "application/problem+json")

_Headers = list[tuple[str, str]]


class HTTPProtocol(BodyProtocol, Protocol):
    """As much of RSGI's protocol object as is used (RSGI 1.5, granian); any thread may answer."""

    def response_bytes(self, status: int, headers: _Headers, body: bytes) -> None:
        """Answer."""
        ...


class Request(Protocol):
    """One request as granian hands it over; it is over at ``done``."""

    scope: Scope
    proto: HTTPProtocol

    def done(self) -> None:
        """Let go of it; one that was not answered is answered 500."""
        ...


class Gateway:
    """Takes requests from granian's own thread and has them answered by a WSGI application in others."""

    def __init__(self, application: Application, limits: Limits, threads: int, spool_directory: Path) -> None:
        """``threads`` requests are answered at once; large bodies wait for theirs in ``spool_directory``."""
        self._limits = limits
        self._directory = spool_directory
        self._bodies = 0
        self._working = _Threads(application, "safelight-web", threads)
        self._watching = _Threads(application, "safelight-watch", WATCHING_THREADS)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._arriving: set[asyncio.Task[None]] = set()

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take bodies in on this loop, which is about to run."""
        self._loop = loop
        self._working.start()
        self._watching.start()

    def __call__(self, request: Request) -> None:
        """A request's headers are there; called by granian, in no thread of Python's."""
        try:
            environ = environ_of(request.scope)
            length = declared_length(environ, self._limits)
        except BodyRefused as refused:
            _refuse(request, refused)
            return
        assert self._loop is not None
        if not length:
            threads = self._watching if environ["PATH_INFO"] in WATCHED else self._working
            environ[PROMISE] = Promise(self._loop, partial(_keep_promise, request))
            threads.answer(request, environ, None)
            return
        self._loop.call_soon_threadsafe(self._begin, request, environ, length)

    def _begin(self, request: Request, environ: Environ, length: int) -> None:
        # Held here, because the loop holds no more than a weak reference to what it runs.
        task = asyncio.ensure_future(self._take_in(request, environ, length))
        self._arriving.add(task)
        task.add_done_callback(self._arriving.discard)

    async def _take_in(self, request: Request, environ: Environ, length: int) -> None:
        if self._bodies >= self._limits.bodies_at_once:
            busy = "Too many uploads at once. Repeat this one soon."
            _refuse(request, BodyRefused(HTTPStatus.SERVICE_UNAVAILABLE, busy))
            return
        self._bodies += 1
        spool = None
        try:
            if length <= AT_ONCE:
                body = await take_in_at_once(request.proto, length, self._limits)
                environ["wsgi.input"] = io.BytesIO(body)
            else:
                spool = Spool(self._directory, limit=length)
                await take_in(request.proto, spool, length, self._limits)
                environ["wsgi.input"], environ[BODY] = reading(spool), spool
        except BodyRefused as refused:
            _close(spool)
            _refuse(request, refused)
        except StoreUnavailable as error:
            _close(spool)
            log.error("no room for a body", exc_info=error)
            _refuse(request, BodyRefused(HTTPStatus.SERVICE_UNAVAILABLE, _NOT_NOW))
        except BaseException:
            _close(spool)
            request.done()
            raise
        else:
            environ[PROMISE] = Promise(asyncio.get_running_loop(), partial(_keep_promise, request))
            self._working.answer(request, environ, spool)
        finally:
            self._bodies -= 1


def _refuse(request: Request, refused: BodyRefused) -> None:
    log.info("body refused", status=refused.status.value, size=refused.arrived, seconds=refused.seconds)
    headers = [_PROBLEM, ("cache-control", "no-store"), ("connection", "close")]
    if refused.status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers.append(("retry-after", "5"))
    status = refused.status
    told = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": refused.why}
    try:
        request.proto.response_bytes(status.value, headers, json.dumps(told).encode())
    except (ProtocolClosed, ProtocolError):  # the sender left
        pass
    finally:
        request.done()


def _keep_promise(request: Request, status: int, headers: _Headers, body: bytes) -> None:
    try:
        request.proto.response_bytes(status, headers, body)
    except (ProtocolClosed, ProtocolError):  # whoever asked has left
        pass
    finally:
        request.done()


def _close(spool: Spool | None) -> None:
    if spool is not None:
        spool.close()


class _Threads:
    """So many threads that answer requests, one after another."""

    def __init__(self, application: Application, name: str, count: int) -> None:
        self._application = application
        self._waiting: queue.SimpleQueue[tuple[Request, Environ, Spool | None]] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}-{number}", daemon=True)
            for number in range(count)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def answer(self, request: Request, environ: Environ, spool: Spool | None) -> None:
        """Have a request answered as soon as a thread is free, and its spool closed."""
        self._waiting.put((request, environ, spool))

    def _work(self) -> None:
        while True:
            request, environ, spool = self._waiting.get()
            try:
                self._ask(request.proto, environ)
            except (ProtocolClosed, ProtocolError):
                pass  # whoever asked has left
            except Exception as error:
                log.error("request failed", exc_info=error)
            finally:
                _close(spool)
                promise: Promise | None = environ.get(PROMISE)
                if promise is None or not promise.stands():
                    request.done()
                # Else the last request's content would stay in memory until the next.
                del request, environ, spool, promise

    def _ask(self, protocol: HTTPProtocol, environ: Environ) -> None:
        told: list[tuple[str, _Headers]] = []

        def start_response(status: str, headers: _Headers, _error: object = None) -> None:
            told.append((status, headers))

        pieces: Iterable[bytes] = self._application(environ, start_response)
        try:
            body = b"".join(pieces)
        finally:
            if (close := getattr(pieces, "close", None)) is not None:
                close()
        status, headers = told[-1]
        promise: Promise | None = environ.get(PROMISE)
        if promise is not None and promise.stands():
            return
        protocol.response_bytes(int(status[:3]), headers, body)
