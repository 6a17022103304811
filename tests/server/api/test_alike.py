"""Not an oracle, on a real `safelight serve`: no uploader can tell the causes of a 202 from each other.

Bytes and headers must be equal. Times are compared by a permutation test of Kruskal and Wallis' H over every
cause at once, which alarms falsely once in a thousand runs; causes take turns, so that a busy machine hurts
all of them.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import random
import re
import signal
import socket
import sqlite3
import struct
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from pictures import draw
from serving import PATIENCE, Server, wait_until

import safelight
from safelight.types import Signal

pytestmark = [
    pytest.mark.xdist_group("alike"),  # one worker: its servers start once
    pytest.mark.skipif(
        os.environ.get("SAFELIGHT_TEST_DATABASE") == "postgres",
        reason="its servers are on SQLite in any case",
    ),
]
SECONDS = 0.6
FALSE_ALARM = 0.001
ROUNDS = 4
ROUNDS_IN_FULL = 16


@dataclass
class Cause:
    """Why something is answered 202: which key sends it what, and what is made to fail meanwhile."""

    server: Server
    key: str
    content: bytes
    meanwhile: Callable[[], AbstractContextManager[object]] = nullcontext


def encoded(seed: int, form: str = "PNG", **how: int) -> bytes:
    written = io.BytesIO()
    draw(seed=seed).save(written, form, **how)
    return written.getvalue()


def bomb() -> bytes:
    """A PNG whose header declares more pixels than anyone allows."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(100)))
        + chunk(b"IEND", b"")
    )


def ask(server: Server, key: str, content: bytes, path: str = "/api/v1/scan") -> tuple[bytes, float]:
    """The answer as it came over the wire, and the seconds from the last byte sent to the first received."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        head = (
            f"POST {path} HTTP/1.1\r\nHost: localhost:{server.port}\r\nAuthorization: Bearer {key}\r\n"
            f"Content-Type: application/octet-stream\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        connection.sendall(head.encode() + content)
        began = time.perf_counter()
        answer = connection.recv(65_536)
        took = time.perf_counter() - began
        while b"\r\n\r\n" not in answer or not answer.endswith(b"}"):
            answer += connection.recv(65_536)
    return re.sub(rb"(?i)(\r\ndate: )[^\r]*", rb"\1", answer), took


def make_key(server: Server, surface: str, *options: str) -> str:
    made = server.run("api-keys", "make", f"for {surface}", "--surface", surface, "--rate", "0", *options)
    assert made.returncode == 0, made.stderr
    found = re.search(r"slk_\S+", made.stdout)
    assert found
    return found[0]


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[Server, Server]]:
    """One with a list, one without any."""
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        for name in [name for name in os.environ if name.startswith("SAFELIGHT_")]:
            patch.delenv(name)
        made = []
        for _ in range(2):
            directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="sl-", dir="/tmp"))
            server = Server(Path(directory), answers__alike_seconds=str(SECONDS), web_workers="1")
            stack.callback(server.end)
            made.append(server.start())
            assert server.run("api-keys", "surface", "posts", "--public").returncode == 0
        yield made[0], made[1]


@pytest.fixture(scope="module")
def causes(servers: tuple[Server, Server]) -> dict[str, Cause]:
    server, empty = servers
    uploader, unlisted = make_key(server, "posts"), make_key(empty, "posts")
    trusted = make_key(server, "posts", "--audience", "server")
    assert server.run("api-keys", "surface", "chat", "--private").returncode == 0
    private = make_key(server, "chat")
    listed = encoded(1)
    hashes = server.directory / "hashes.txt"
    pdq = next(one for one in safelight.hash(listed) if isinstance(one, Signal) and one.type == "pdq")
    hashes.write_text(f"sha256 {hashlib.sha256(listed).hexdigest()}\npdq {pdq.value}\n")
    done = server.run("lists", "import", str(hashes), "--name", "ours", "--class", "test")
    assert done.returncode == 0, done.stderr
    wait_until("the list to be searched", lambda: b'"match"' in ask(server, trusted, listed)[0])
    near = encoded(1, "JPEG", quality=85)
    wait_until("a near copy to be held", lambda: b'"hold"' in ask(server, trusted, near)[0])
    return {
        "match": Cause(server, uploader, listed),
        "hold": Cause(server, uploader, near),
        "no list": Cause(empty, unlisted, listed),
        "unsupported": Cause(server, uploader, b"some words"),
        "empty": Cause(server, uploader, b""),
        "truncated": Cause(server, uploader, listed[: len(listed) // 2]),
        "damaged": Cause(server, uploader, listed[:60] + bytes(200)),
        "too many pixels": Cause(server, uploader, bomb()),
        "not permitted": Cause(server, private, listed),
        "evidence store down": Cause(server, uploader, encoded(1, "BMP"), lambda: _store_down(server)),
        "database down": Cause(server, uploader, listed, lambda: _database_down(server)),
        "sandbox down": Cause(server, uploader, near, lambda: _sandbox_down(server)),
    }


@contextlib.contextmanager
def _store_down(server: Server) -> Iterator[None]:
    there, away = server.workspace / "evidence", server.workspace / "evidence.away"
    if not there.exists():
        there = next(
            p for p in server.workspace.iterdir() if p.is_dir() and p.name in {"vault", "evidence", "objects"}
        )
        away = there.with_name(there.name + ".away")
    there.rename(away)
    there.write_text("in the way")
    try:
        yield
        time.sleep(0.3)  # for the work that goes on after the answer
    finally:
        there.unlink()
        away.rename(there)


@contextlib.contextmanager
def _database_down(server: Server) -> Iterator[None]:
    """Somebody holds the one write lock for as long as the request lasts."""
    holder = sqlite3.connect(server.workspace / "server.sqlite3", timeout=PATIENCE, isolation_level=None)
    try:
        holder.execute("BEGIN IMMEDIATE")
        yield
        holder.execute("ROLLBACK")
    finally:
        holder.close()


@contextlib.contextmanager
def _sandbox_down(server: Server) -> Iterator[None]:
    stopped = [pid for pid in _children(server) if b"sandbox" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    assert stopped
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in stopped:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def _children(server: Server) -> list[int]:
    assert server.process is not None
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            if int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == server.process.pid:
                found.append(int(entry.name))
    return found


def ask_in_turns(causes: dict[str, Cause], rounds: int) -> tuple[set[bytes], dict[str, list[float]]]:
    answers: set[bytes] = set()
    times: dict[str, list[float]] = {name: [] for name in causes}
    order = random.Random(7)
    for _ in range(rounds):
        for name in order.sample(sorted(causes), len(causes)):
            cause = causes[name]
            with cause.meanwhile():
                answer, took = ask(cause.server, cause.key, cause.content)
            answers.add(answer)
            times[name].append(took)
            assert answer.startswith(b"HTTP/1.1 202"), (name, answer)
    return answers, times


def chance(times: dict[str, list[float]], rounds: int = 5_000) -> float:
    """How often groups drawn at random differ as much in H (Kruskal and Wallis, 1952) as these do."""
    sizes = [len(group) for group in times.values()]
    ranks = np.argsort(np.argsort(np.concatenate([np.array(group) for group in times.values()]))) + 1.0
    edges = np.cumsum([0, *sizes])

    def spread(order: np.ndarray) -> float:
        sums = np.add.reduceat(order, edges[:-1])
        return float((sums**2 / np.array(sizes)).sum())

    observed, rng = spread(ranks), np.random.default_rng(11)
    as_much = sum(spread(rng.permutation(ranks)) >= observed - 1e-9 for _ in range(rounds))
    return (as_much + 1) / (rounds + 1)


def test_the_comparison_of_times_notices_what_it_should() -> None:
    rng = np.random.default_rng(3)
    alike = {str(cause): list(rng.exponential(0.002, 40)) for cause in range(10)}
    assert chance(alike) > FALSE_ALARM
    alike["3"] = [one + 0.003 for one in alike["3"]]
    assert chance(alike) < FALSE_ALARM


def check(causes: dict[str, Cause], rounds: int) -> None:
    answers, times = ask_in_turns(causes, rounds)
    assert len(answers) == 1, answers
    earliest = min(min(group) for group in times.values())
    assert earliest > SECONDS - 0.05, times
    told = {name: f"{np.median(group) * 1000:.1f} ms" for name, group in times.items()}
    assert chance(times) >= FALSE_ALARM, told
    print(f"FIGURE alike_causes {len(times)}\nFIGURE alike_chance {chance(times):.3f}")


def test_all_causes_of_a_202_are_alike(causes: dict[str, Cause]) -> None:
    check(causes, ROUNDS)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_all_causes_of_a_202_are_alike_many_times_over(causes: dict[str, Cause]) -> None:
    check(causes, ROUNDS_IN_FULL)


def test_what_is_clear_is_told_at_once_and_the_work_goes_on_after_the_answer(
    causes: dict[str, Cause],
) -> None:
    match = causes["match"]
    answer, _ = ask(match.server, match.key, encoded(99))
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b'{"status":"clear"}')
    content = encoded(1, "TIFF")
    with causes["database down"].meanwhile():
        answer, _ = ask(match.server, match.key, content)
    assert answer.startswith(b"HTTP/1.1 202")

    def recorded() -> bool:
        with contextlib.closing(sqlite3.connect(match.server.workspace / "server.sqlite3")) as database:
            return bool(
                database.execute("SELECT 1 FROM intake_item WHERE size = ?", (len(content),)).fetchone()
            )

    wait_until("the work to go on", recorded)
