"""A body has a size, a time and a least rate, and slow ones never take the last thread."""

from __future__ import annotations

import io
import socket
import threading

import pytest

from safelight.server.config import Limits
from safelight.server.operations.bodies import GRACE_SECONDS, Arriving, BodyLimits, shut_connection

LIMITS = Limits(body_mib=1, body_seconds=60, body_rate_kib=16)


def asked(limited: BodyLimits, body: bytes = b"", **environ: str) -> str:
    said: list[str] = []
    told = {
        "wsgi.input": io.BytesIO(body),
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_PORT": "1",
        "CONTENT_LENGTH": str(len(body)),
        **environ,
    }
    list(limited(told, lambda status, _headers: said.append(status)))
    return said[0]


def echo(environ, start_response):
    body = environ["wsgi.input"].read()
    start_response(f"200 {len(body)}", [])
    return [body]


def test_a_body_passes_whole():
    assert asked(BodyLimits(echo, LIMITS, 1), b"x" * 70_000) == "200 70000"


@pytest.mark.parametrize(
    ("environ", "status"),
    [
        ({"CONTENT_LENGTH": str((1 << 20) + 1)}, "413"),
        ({"CONTENT_LENGTH": "many"}, "400"),
        ({"HTTP_TRANSFER_ENCODING": "chunked"}, "411"),
    ],
)
def test_a_body_that_cannot_be_right_is_refused_unread(environ, status):
    def never(_environ, _start_response):
        raise AssertionError("reached")

    assert asked(BodyLimits(never, LIMITS, 1), **environ).startswith(status)


def test_more_bodies_than_places_are_told_to_come_back_and_bodyless_requests_pass():
    inside, leave = threading.Event(), threading.Event()

    def slow(environ, start_response):
        if environ.get("CONTENT_LENGTH") != "0":
            inside.set()
            leave.wait(30)
        start_response("200 OK", [])
        return [b""]

    limited = BodyLimits(slow, LIMITS, 1)
    first = threading.Thread(target=asked, args=(limited, b"body"))
    first.start()
    assert inside.wait(30)
    assert asked(limited, b"body").startswith("503")
    assert asked(limited) == "200 OK"
    leave.set()
    first.join()
    assert asked(limited, b"body") == "200 OK"


def test_what_counts_as_overdue():
    body = Arriving(io.BytesIO(), 10 << 20, ("127.0.0.1", 1), started=100.0)
    assert not body.overdue(LIMITS, 100.0 + GRACE_SECONDS)
    assert body.overdue(LIMITS, 100.0 + GRACE_SECONDS + 1)
    body.arrived = 5 << 20
    assert not body.overdue(LIMITS, 130.0)
    assert body.overdue(LIMITS, 161.0)
    body.arrived = body.length
    assert not body.overdue(LIMITS, 1000.0)


def test_the_answer_is_closed_even_when_it_fails():
    closed = threading.Event()

    class Failing:
        def __iter__(self):
            raise ConnectionResetError

        def close(self):
            closed.set()

    with pytest.raises(ConnectionResetError):
        asked(BodyLimits(lambda *_: Failing(), LIMITS, 1), b"body")
    assert closed.is_set()


def test_only_the_connection_of_that_peer_is_shut():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ends = [socket.create_connection(listener.getsockname(), timeout=5) for _ in range(2)]
        ours = {peer: connection for connection, peer in (listener.accept() for _ in range(2))}
        shut_connection(ends[0].getsockname())
        assert ends[0].recv(1) == b""
        ends[1].sendall(b"x")
        assert ours[ends[1].getsockname()].recv(1) == b"x"
        for connection in (*ends, *ours.values()):
            connection.close()
