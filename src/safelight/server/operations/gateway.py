"""Between granian and Django: a body is taken in without a thread, whole and in time, and only then answered.

A thread that waits for a slow sender is a thread that serves nobody. So the event loop takes every body in,
under the limits on size, rate and time; a thread gets the request once all of it is there, and hands its
answer over whole, so that a slow receiver holds no thread either. A sender who is too slow is told so, and
its connection is closed.
"""

from __future__ import annotations

import asyncio
import io
import json
import math
import queue
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Final, Protocol

import structlog
from granian._granian import RSGIProtocolClosed as ProtocolClosed
from granian._granian import RSGIProtocolError as ProtocolError

from safelight.errors import StoreUnavailable
from safelight.server.config import Limits
from safelight.server.operations.bodies import (
    AT_ONCE,
    BodyProtocol,
    BodyRefused,
    Whole,
    declared_length,
    take_in,
)
from safelight.server.operations.counts import BODIES_REFUSED
from safelight.server.operations.environ import BODY, Environ, Scope, environ_of, reading
from safelight.server.operations.hosts import Application
from safelight.server.operations.promised import PROMISE, Promise
from safelight.vault.spool import Spool

log = structlog.get_logger("safelight.gateway")

WATCHING_THREADS: Final = 2
"""Threads kept for those who watch the server: however busy it is, they are answered."""
WATCHED: Final = frozenset({"/healthz", "/readyz", "/metrics"})
QUICK_THREADS: Final = 1
"""Threads for what waits for next to nothing: more would only take the interpreter from each other."""
HELD_UP_SECONDS: Final = 0.1
"""Something quick that takes so long waits after all, and the others go to the threads for what waits."""
QUICK: Final = frozenset({"/api/v1/hashes"})
QUICK_BYTES: Final = 4096
"""A larger body asks for more."""
STUCK_SECONDS: Final = 300.0
"""Requests that wait, and no thread takes one for so long: every thread hangs."""
_LOOK_SECONDS: Final = 1.0
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
        self._application = application
        self._working = _Threads("safelight-web", threads)
        self._quick = _Threads("safelight-quick", QUICK_THREADS)
        self._watching = _Threads("safelight-watch", WATCHING_THREADS)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._whole: set[Whole] = set()
        self._arriving: set[asyncio.Task[None]] = set()

    def open(self, loop: asyncio.AbstractEventLoop, alive: Callable[[], None]) -> None:
        """Take bodies in on this loop, about to run; ``alive`` is called while requests are answered."""
        self._loop = loop
        self._working.start()
        self._quick.start()
        self._watching.start()
        self._look(alive)

    def _look(self, alive: Callable[[], None]) -> None:
        """At what is overdue; and live, by the loop and a thread, while the other threads take requests."""
        assert self._loop is not None
        if not (self._working.stuck() or self._quick.stuck()):
            # Whichever comes first: those who watch may themselves wait for what hangs elsewhere.
            self._watching.do(alive)
            self._working.do(alive)
        now = time.monotonic()
        for body in tuple(self._whole):
            body.cut_off_if_overdue(now)
        self._loop.call_later(_LOOK_SECONDS, self._look, alive)

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
            self._have_answered(request, environ, None, threads)
            return
        if len(self._arriving) + len(self._whole) >= self._limits.bodies_at_once:
            busy = "Too many uploads at once. Repeat this one soon."
            _refuse(request, BodyRefused(HTTPStatus.SERVICE_UNAVAILABLE, busy))
        elif length <= AT_ONCE:
            body = Whole(request.proto, length, self._limits)
            self._whole.add(body)
            body.when_over(partial(self._take, request, environ, body))
        else:
            self._loop.call_soon_threadsafe(self._begin, request, environ, length)

    def _take(self, request: Request, environ: Environ, body: Whole, _future: object) -> None:
        self._whole.discard(body)
        try:
            arrived = body.result()
            environ["wsgi.input"] = io.BytesIO(arrived)
        except BodyRefused as refused:
            _refuse(request, refused)
        else:
            quick = environ["PATH_INFO"] in QUICK and len(arrived) <= QUICK_BYTES
            threads = self._quick if quick and not self._quick.held_up() else self._working
            self._have_answered(request, environ, None, threads)

    def _begin(self, request: Request, environ: Environ, length: int) -> None:
        # Held here, because the loop holds no more than a weak reference to what it runs.
        task = asyncio.ensure_future(self._take_in(request, environ, length))
        self._arriving.add(task)
        task.add_done_callback(self._arriving.discard)

    async def _take_in(self, request: Request, environ: Environ, length: int) -> None:
        spool = None
        try:
            spool = Spool(self._directory, limit=length)
            await take_in(request.proto, spool, length, self._limits)
            environ["wsgi.input"], environ[BODY] = reading(spool), spool
        except BodyRefused as refused:
            _close(spool)
            _refuse(request, refused)
        except StoreUnavailable as error:
            _close(spool)
            log.exception("no room for a body", exc_info=error)
            _refuse(request, BodyRefused(HTTPStatus.SERVICE_UNAVAILABLE, _NOT_NOW))
        except BaseException:
            _close(spool)
            request.done()
            raise
        else:
            self._have_answered(request, environ, spool, self._working)

    def _have_answered(
        self, request: Request, environ: Environ, spool: Spool | None, threads: _Threads
    ) -> None:
        assert self._loop is not None
        environ[PROMISE] = Promise(self._loop, partial(_keep_promise, request))
        threads.do(partial(_answer, self._application, request, environ, spool))


def _refuse(request: Request, refused: BodyRefused) -> None:
    log.info("body refused", status=refused.status.value, size=refused.arrived, seconds=refused.seconds)
    BODIES_REFUSED.labels(str(refused.status.value)).inc()
    headers = [_PROBLEM, ("cache-control", "no-store"), ("connection", "close")]
    if refused.status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers.append(("retry-after", "5"))
    status = refused.status
    told = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": refused.why}
    with suppress(ProtocolClosed, ProtocolError):  # the sender left
        request.proto.response_bytes(status.value, headers, json.dumps(told).encode())
    request.done()


def _keep_promise(request: Request, status: int, headers: _Headers, body: bytes) -> None:
    with suppress(ProtocolClosed, ProtocolError):  # whoever asked has left
        request.proto.response_bytes(status, headers, body)
    request.done()


def _close(spool: Spool | None) -> None:
    if spool is not None:
        spool.close()


class _Threads:
    """So many threads that do what they are given, one after another."""

    def __init__(self, name: str, count: int) -> None:
        self._waiting: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._took_at = time.monotonic()
        self._at_it_since = [math.inf] * count
        self._threads = [
            threading.Thread(target=self._work, args=(number,), name=f"{name}-{number}", daemon=True)
            for number in range(count)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def do(self, what: Callable[[], None]) -> None:
        """Have it done as soon as a thread is free."""
        self._waiting.put(what)

    def stuck(self) -> bool:
        """Whether something waits, and nothing was taken for long."""
        return not self._waiting.empty() and time.monotonic() - self._took_at > STUCK_SECONDS

    def held_up(self) -> bool:
        """Whether every thread has been at one and the same for longer than anything quick takes."""
        return time.monotonic() - max(self._at_it_since) > HELD_UP_SECONDS

    def _work(self, number: int) -> None:
        while True:
            self._at_it_since[number] = math.inf
            what = self._waiting.get()
            self._took_at = self._at_it_since[number] = time.monotonic()
            try:
                what()
            except Exception as error:  # a thread that ended would serve nobody any more
                log.exception("request failed", exc_info=error)
            # Else the last request's content would stay in memory until the next.
            del what


def _answer(application: Application, request: Request, environ: Environ, spool: Spool | None) -> None:
    """The application's answer, to its end, in one of the threads."""
    told: list[tuple[str, _Headers]] = []

    def start_response(status: str, headers: _Headers, _error: object = None) -> None:
        told.append((status, headers))

    try:
        pieces: Iterable[bytes] = application(environ, start_response)
        try:
            body = b"".join(pieces)
        finally:
            if (close := getattr(pieces, "close", None)) is not None:
                close()
        if not _promised(environ):
            status, headers = told[-1]
            with suppress(ProtocolClosed, ProtocolError):  # whoever asked has left
                request.proto.response_bytes(int(status[:3]), headers, body)
    finally:
        _close(spool)
        if not _promised(environ):
            request.done()


def _promised(environ: Environ) -> bool:
    """Whether the answer comes later, from the loop."""
    promise: Promise | None = environ.get(PROMISE)
    return promise is not None and promise.stands()
