"""Any process may be killed at any time: it comes back, and the server goes on answering."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import os
import select
import signal
import socket
import tempfile
import threading
from pathlib import Path

import pytest
from proc import alive, children_of, descendants
from serving import PATIENCE, Server, postgres, wait_until
from uploading import ask, make_key, may_look_up, rows

# One server for all of them.
pytestmark = pytest.mark.xdist_group("killed server")


@pytest.mark.parametrize("name", ["vault", "indexes", "jobs", "web-1", "web-2"])
def test_a_killed_process_comes_back(running: Server, name: str):
    running.kill(name)
    wait_until("everything to be well again", lambda: not running.checks())


def test_a_killed_sandbox_parent_comes_back(running: Server):
    parents = children_of(running.process.pid, "safelight-") or children_of(running.process.pid)
    known = {p["pid"] for p in running.status().values()}
    for pid in set(parents) - known:
        os.kill(pid, signal.SIGKILL)
    wait_until("the sandbox to be well again", lambda: "sandbox" not in running.checks())


@pytest.mark.skipif(os.environ.get("SAFELIGHT_TEST_DATABASE") == "postgres", reason="SQLite's file is read")
def test_look_ups_that_were_answered_are_stored_though_who_answered_is_killed(running: Server):
    wait_until("everything to be well", lambda: not running.checks())
    token = make_key(running)
    may_look_up(running)
    answered: list[str] = []
    over = threading.Event()

    def look_up(sender: int) -> None:
        for number in itertools.count():
            if over.is_set():
                return
            told = {"sha256": f"{sender:032x}{number:032x}", "pdq": f"{number:064x}"}
            # One that was killed answers nobody; the next has another connection.
            with contextlib.suppress(OSError, http.client.HTTPException):
                if "outcome" in ask(running, token, told, once=f"{sender}-{number}"):
                    answered.append(f"{sender}-{number}")

    senders = [threading.Thread(target=look_up, args=(sender,)) for sender in range(6)]
    for each in senders:
        each.start()
    for name in ("web-1", "web-2", "web-1"):
        enough = len(answered) + 60
        wait_until("some answers", lambda enough=enough: len(answered) >= enough)
        running.kill(name)
    over.set()
    for each in senders:
        each.join()
    stored = {key for (key,) in rows(running, "SELECT idempotency_key FROM lookups_lookup")}
    assert not set(answered) - stored


def test_no_connection_is_refused_while_every_web_process_is_replaced(running: Server):
    for name in ("web-1", "web-2"):
        os.kill(running.status()[name]["pid"], signal.SIGKILL)
    # It waits in the queue of the socket that the supervisor holds.
    assert running.get("/healthz")[0] == 200


def test_nothing_outlives_a_killed_supervisor_and_the_next_stops_in_order(started: Server):
    everybody = descendants(started.process.pid)
    assert len(everybody) >= 5
    started.process.kill()
    started.process.wait()
    wait_until("every process to be gone", lambda: not any(alive(pid) for pid in everybody))

    started.start()
    with connection(started.port) as upload:
        body = b"login=nobody%40example.org&password=none"
        upload.sendall(request(started.port, len(body)) + body[:10])
        wait_until("it to be taken in", lambda: was_accepted(started, upload))
        started.process.send_signal(signal.SIGINT)
        wait_until("the stop to be told", lambda: "Stopping:" in started.said())
        upload.sendall(body[10:])
        assert upload.recv(4096).startswith(b"HTTP/1.1 ")
    assert started.process.wait(PATIENCE) == 0
    assert started.said().rstrip().endswith("Stopped. Everything that was acknowledged is stored.")
    assert "process killed" not in started.said()
    assert "panicked" not in started.said()


def test_slow_uploads_do_not_delay_healthz(running: Server):
    # The tests before kill processes; a cold one takes its time.
    wait_until("everything to be well", lambda: not running.checks())
    # More than all threads of both web processes together.
    uploads = [slow_upload(running.port) for _ in range(40)]
    assert running.get("/healthz")[0] == 200
    # It did not wait for them: some are still on their way.
    assert not all(readable(upload) for upload in uploads)
    for upload in uploads:
        upload.close()


def test_a_body_that_is_too_large_is_refused_before_it_arrives(running: Server):
    with connection(running.port) as upload:
        upload.sendall(request(running.port, 257 << 20))
        assert b" 413 " in upload.recv(4096)


def test_a_second_stop_waits_for_nobody(started: Server):
    with connection(started.port) as upload:
        upload.sendall(request(started.port, 1000) + b"login=")
        wait_until("it to be taken in", lambda: was_accepted(started, upload))
        started.process.terminate()
        wait_until("the stop to be told", lambda: "Stopping:" in started.said())
        started.process.terminate()
        assert started.process.wait(PATIENCE) == 0
    assert "process killed" in started.said()


@pytest.fixture(scope="module")
def running():
    yield from _started()


@pytest.fixture
def started():
    yield from _started()


def _started():
    on_postgres = os.environ.get("SAFELIGHT_TEST_DATABASE") == "postgres"
    with (
        # Short: a Unix socket's path may have 107 bytes.
        tempfile.TemporaryDirectory(prefix="sl-", dir="/tmp") as directory,
        postgres() if on_postgres else contextlib.nullcontext("") as url,
    ):
        server = Server(
            Path(directory),
            web_workers="2",
            limits__body_seconds="15",
            limits__body_rate_kib="0",
            database_url=url,
        )
        try:
            yield server.start()
        finally:
            server.end()


def connection(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=90)


def request(port: int, length: int) -> bytes:
    return (
        f"POST /accounts/login/ HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Length: {length}\r\n"
        # With the cookie the form's token is looked for, and so the body is read.
        f"Cookie: csrftoken={'a' * 32}\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n"
    ).encode()


def was_accepted(server: Server, connection: socket.socket) -> bool:
    """Whether a process has the other end, which has no inode before."""
    ends = [f"0100007F:{port:04X}" for port in (server.port, connection.getsockname()[1])]
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
    return any(row[1:3] == ends and row[9] != "0" for row in rows)


def slow_upload(port: int) -> socket.socket:
    upload = connection(port)
    upload.sendall(request(port, 1000) + b"login=")
    return upload


def readable(upload: socket.socket) -> bool:
    return bool(select.select([upload], [], [], 0)[0])
