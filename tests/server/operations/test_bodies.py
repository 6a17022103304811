"""A body has a size, a time and a least rate; a slow one is cut off, and holds no thread until then."""

from __future__ import annotations

import asyncio
import io
import os
import socket
import threading
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from serving import PATIENCE, Server, resting_server, wait_until

from safelight.server.config import Limits
from safelight.server.operations.bodies import (
    AT_ONCE,
    GRACE_SECONDS,
    BodyRefused,
    declared_length,
    patience,
    take_in,
)
from safelight.server.operations.environ import environ_of, reading
from safelight.vault.spool import Spool

LIMITS = Limits(body_mib=1, body_seconds=60, body_rate_kib=16)


@pytest.mark.parametrize(
    ("environ", "status"),
    [
        ({"CONTENT_LENGTH": str((1 << 20) + 1)}, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
        ({"CONTENT_LENGTH": "many"}, HTTPStatus.BAD_REQUEST),
        ({"CONTENT_LENGTH": "-1"}, HTTPStatus.BAD_REQUEST),
        ({"CONTENT_LENGTH": "3,3"}, HTTPStatus.BAD_REQUEST),
        ({"HTTP_TRANSFER_ENCODING": "chunked"}, HTTPStatus.LENGTH_REQUIRED),
    ],
)
def test_a_body_that_cannot_be_right_is_refused_unread(environ: dict[str, Any], status: HTTPStatus):
    with pytest.raises(BodyRefused) as refused:
        declared_length(environ, LIMITS)
    assert refused.value.status is status


def test_what_counts_as_overdue():
    assert patience(0, 0.0, LIMITS) == GRACE_SECONDS
    assert patience(0, GRACE_SECONDS + 1, LIMITS) < 0
    assert patience(5 << 20, 30.0, LIMITS) == 30.0
    assert patience(5 << 20, 61.0, LIMITS) < 0
    unhurried = Limits(body_rate_kib=0)
    assert patience(0, 59.0, unhurried) == 1.0


@given(st.integers(0, 1 << 30), st.floats(0, 3600))
def test_nobody_who_keeps_the_rate_is_cut_off_early_and_nobody_outlasts_the_time(arrived: int, took: float):
    left = patience(arrived, took, LIMITS)
    assert left <= LIMITS.body_seconds - took
    if took < LIMITS.body_seconds and arrived >= 16 * 1024 * took:
        assert left > 0


class Coming:
    """A body that comes in pieces, the last of which may never come."""

    def __init__(self, *pieces: bytes, ends: bool = True) -> None:
        self._pieces, self._ends = pieces, ends

    async def __aiter__(self):
        for piece in self._pieces:
            yield piece
        if not self._ends:
            await asyncio.Event().wait()


HURRIED = Limits(body_seconds=1, body_rate_kib=0)


def test_a_large_body_waits_whole_in_a_file_without_a_name(tmp_path: Path):
    pieces = [os.urandom(300_000) for _ in range(40)]
    with Spool(tmp_path) as spool:
        asyncio.run(take_in(Coming(*pieces), spool, 12_000_000, LIMITS))
        stream = reading(spool)
        assert stream.read(300_000) == pieces[0]
        assert stream.read() == b"".join(pieces[1:])
        assert stream.read() == b""
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("ends", "status"), [(True, 400), (False, 408)])
def test_a_body_that_never_comes_whole_is_refused(tmp_path: Path, ends: bool, status: int):
    with Spool(tmp_path) as spool, pytest.raises(BodyRefused) as refused:
        asyncio.run(take_in(Coming(b"x" * 10, ends=ends), spool, 20, HURRIED))
    assert (refused.value.status, refused.value.arrived) == (status, 10)


class Asked:
    http_version, scheme, method, query_string = "1.1", "http", "POST", "q=1"
    server, client, path = "127.0.0.1:8400", "127.0.0.1:55555", "/ä"

    def __init__(self, *headers: tuple[str, str]) -> None:
        self.headers = self
        self._items = list(headers)

    def items(self) -> list[tuple[str, str]]:
        return self._items


def test_the_environment_is_what_django_expects_and_nothing_of_the_process():
    environ = environ_of(
        Asked(
            ("content-type", "a/b"), ("content-length", "3"), ("x-one", "1"), ("x-one", "2"),
            ("cookie", "a=1"), ("cookie", "b=2"), ("safelight_context", "forged"),
        )
    )  # fmt: skip
    assert environ["PATH_INFO"].encode("latin-1").decode() == "/ä"
    assert (environ["REMOTE_ADDR"], environ["SERVER_NAME"], environ["SERVER_PORT"]) == (
        "127.0.0.1", "127.0.0.1", "8400",
    )  # fmt: skip
    assert (environ["CONTENT_TYPE"], environ["CONTENT_LENGTH"]) == ("a/b", "3")
    assert environ["HTTP_X_ONE"] == "1,2"
    assert environ["HTTP_COOKIE"] == "a=1; b=2"
    assert "HTTP_SAFELIGHT_CONTEXT" not in environ
    assert "PATH" not in environ
    assert isinstance(environ["wsgi.input"], io.BytesIO)


SLOW = 60
"""Slow uploads at once, several times as many as there are threads."""


@pytest.fixture(scope="module")
def hurried() -> Iterator[Server]:
    with resting_server(limits__body_seconds="9", limits__bodies_at_once=str(SLOW)) as server:
        yield server.start()


def upload(server: Server, length: int, host: str = "localhost") -> socket.socket:
    """The head of an upload, of whose body a little has come."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
    head = f"POST /api/v1/scan HTTP/1.1\r\nHost: {host}:{server.port}\r\nContent-Length: {length}\r\n\r\n"
    connection.sendall(head.encode() + b"x")
    return connection


def descriptors(server: Server) -> int:
    """What bodies take: connections and files without a name. Threads open others, to keep."""
    opened = Path(f"/proc/{server.status()['web-1']['pid']}/fd").iterdir()
    names = [str(one.readlink()) for one in opened]
    return sum(name.startswith("socket:") or name.endswith(" (deleted)") for name in names)


def drag(connections: list[socket.socket], over: threading.Event) -> None:
    while not over.wait(0.5):
        for connection in connections:
            try:
                connection.sendall(b"x")
            except OSError:
                continue


def everything(connection: socket.socket) -> bytes:
    said = b""
    try:
        while piece := connection.recv(65_536):
            said += piece
    except ConnectionResetError:
        pass
    return said


@pytest.fixture
def dragging() -> Any:
    """Send a byte now and then on each connection, until the test is over."""
    over, threads, all_of_them = threading.Event(), [], []

    def begin(connections: list[socket.socket]) -> None:
        all_of_them.extend(connections)
        threads.append(threading.Thread(target=drag, args=(connections, over)))
        threads[-1].start()

    yield begin
    over.set()
    for thread in threads:
        thread.join()
    for connection in all_of_them:
        connection.close()


def test_slow_uploads_are_cut_off_and_delay_nobody(hurried: Server, dragging: Callable[..., None]):
    before, said_before = descriptors(hurried), hurried.said().count("body refused")
    # Half are awaited as one, half are spooled; the latter have to keep the rate from the beginning.
    slow = [upload(hurried, 200_000 if number % 2 else AT_ONCE * 4) for number in range(SLOW)]
    dragging(slow)
    wait_until("all to be taken in", lambda: descriptors(hurried) >= before + SLOW)

    # Everybody else is answered meanwhile.
    assert hurried.get("/healthz")[0] == 200
    assert hurried.get("/accounts/login/")[0] == 200

    for number, connection in enumerate(slow):
        said = everything(connection)  # until the server closes the connection
        assert said.startswith(b"HTTP/1.1 408 "), (number, said)
        assert b"connection: close" in said.lower()
        assert hurried.get("/healthz")[0] == 200
    # Nothing of them is left: no descriptor, no file, no line with what they sent.
    wait_until("every descriptor to be closed", lambda: descriptors(hurried) <= before + 2)
    assert [path for path in hurried.workspace.rglob("*") if b"xxxx" in path.name.encode()] == []
    assert hurried.said().count("body refused") - said_before == SLOW
    with upload(hurried, 1) as quick:
        quick.settimeout(PATIENCE)
        assert quick.recv(65_536).startswith(b"HTTP/1.1 401 ")


def test_a_sender_that_leaves_is_forgotten(hurried: Server):
    before, said_before = descriptors(hurried), hurried.said().count("body refused")
    for length in (1000, AT_ONCE * 2):
        upload(hurried, length).close()
    wait_until("both to be forgotten", lambda: hurried.said().count("body refused") == said_before + 2)
    wait_until("every descriptor to be closed", lambda: descriptors(hurried) <= before + 2)


def own_memory(server: Server) -> int:
    """Bytes of the web process that are in no file."""
    told = Path(f"/proc/{server.status()['web-1']['pid']}/status").read_text()
    return int(told.partition("RssAnon:")[2].split()[0]) << 10


def send_and_hang_up(server: Server, body: bytes, times: int) -> None:
    for _ in range(times):
        with upload(server, len(body)) as connection:
            connection.sendall(body[1:])
            assert connection.recv(65_536).startswith(b"HTTP/1.1 401 ")


def test_no_body_is_kept_once_it_was_answered(hurried: Server):
    body = bytes(AT_ONCE)
    send_and_hang_up(hurried, body, 30)
    before = own_memory(hurried)
    send_and_hang_up(hurried, body, 200)
    assert own_memory(hurried) - before < 50 * AT_ONCE


def test_large_bodies_are_refused_before_they_come(hurried: Server):
    with upload(hurried, 257 << 20) as connection:
        assert everything(connection).startswith(b"HTTP/1.1 413 ")
