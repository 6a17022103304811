"""Which threads answer what: quick requests have their own, and where one of them waits, no other does."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from serving import wait_until

from safelight.server.config import Limits
from safelight.server.operations.gateway import HELD_UP_SECONDS, QUICK_BYTES, Gateway

PATIENCE = 10.0


class Arrived:
    """A body that is there already, as granian's future of it would be."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def add_done_callback(self, what: Any, *, context: Any) -> None:
        what(self)

    def result(self) -> bytes:
        return self._body


class Protocol:
    """A request's other end, to which nothing is said."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def __call__(self) -> Arrived:
        return Arrived(self._body)

    def response_bytes(self, *_told: object) -> None:
        """Nobody listens."""


class Asking:
    """A gateway before an application that says which thread answered, and waits where a body says so."""

    def __init__(self, loop: asyncio.AbstractEventLoop, directory: Path) -> None:
        self.go_on = threading.Event()
        self.answered: queue.SimpleQueue[tuple[bytes, str]] = queue.SimpleQueue()
        self._gateway = Gateway(self._answer, Limits(), 2, directory)
        opened = threading.Event()
        loop.call_soon_threadsafe(lambda: (self._gateway.open(loop, lambda: None), opened.set()))
        assert opened.wait(PATIENCE)

    def _answer(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        body = environ["wsgi.input"].read()
        if body.startswith(b"wait"):
            assert self.go_on.wait(PATIENCE)
        self.answered.put((body[:5], threading.current_thread().name))
        start_response("200 OK", [])
        return [body]

    def __call__(self, body: bytes, path: str = "/api/v1/hashes") -> None:
        scope = SimpleNamespace(
            http_version="1.1",
            client="127.0.0.1:1",
            server="127.0.0.1:2",
            scheme="http",
            method="POST",
            path=path,
            query_string="",
            headers={"content-length": str(len(body))},
        )
        self._gateway(SimpleNamespace(scope=scope, proto=Protocol(body), done=lambda: None))

    def once(self, body: bytes) -> str:
        """By which threads this is answered."""
        self(body)
        return self.told()[1]

    def told(self) -> tuple[bytes, str]:
        """The next that was answered, and by which threads."""
        body, thread = self.answered.get(timeout=PATIENCE)
        return body, thread.rpartition("-")[0]


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Asking]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asking = Asking(loop, tmp_path)
    yield asking
    asking.go_on.set()
    loop.call_soon_threadsafe(loop.stop)
    thread.join(PATIENCE)
    loop.close()


def test_look_ups_have_a_thread_of_their_own_and_large_ones_and_others_do_not(ask: Asking) -> None:
    ask(b"small")
    assert ask.told() == (b"small", "safelight-quick")
    ask(b"large".ljust(QUICK_BYTES + 1))
    assert ask.told() == (b"large", "safelight-web")
    ask(b"other", "/api/v1/scan")
    assert ask.told() == (b"other", "safelight-web")


def test_a_look_up_that_waits_holds_up_no_other(ask: Asking) -> None:
    ask(b"wait")
    time.sleep(2 * HELD_UP_SECONDS)
    ask(b"other")
    assert ask.told() == (b"other", "safelight-web")
    ask.go_on.set()
    assert ask.told() == (b"wait", "safelight-quick")
    wait_until("look-ups to have their own thread again", lambda: ask.once(b"later") == "safelight-quick")
