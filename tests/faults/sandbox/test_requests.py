"""A warm parent refuses what is not a request, without harm to itself or to the requests of others."""

from __future__ import annotations

import array
import json
import os
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from decoders import family

from safelight.errors import UsageError
from safelight.media.sandbox.channel import spawn
from safelight.media.sandbox.descriptors import size_of_safe_file
from safelight.media.sandbox.limits import Limits
from safelight.media.sandbox.protocol import MAX_MESSAGE, Collector, pack_request

LIMITS = Limits()
GOOD = pack_request(LIMITS, b"{}")


class Raw:
    """The control socket itself."""

    def __init__(self) -> None:
        self.channel = spawn(family("hostile:decode"))
        self.control = self.channel._control

    def send(self, data: bytes, *fds: int) -> None:
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        self.control.sendmsg([data], rights)

    def ask(self, data: bytes, fd: int) -> list[Any]:
        """All that comes back for one request."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours:
            with theirs:
                self.send(data, fd, theirs.fileno())
            ours.settimeout(10)
            return [json.loads(message) for message in iter(lambda: ours.recv(MAX_MESSAGE), b"")]


@pytest.fixture(scope="module")
def raw() -> Iterator[Raw]:
    raw = Raw()
    yield raw
    raw.channel.close()


@pytest.fixture(autouse=True)
def goes_on(raw: Raw, fd: int) -> Iterator[None]:
    def descriptors() -> list[str]:
        return [] if os.geteuid() else sorted(p.name for p in Path(f"/proc/{raw.channel.pid}/fd").iterdir())

    assert raw.ask(GOOD, fd)[-1] == {"end": {"parts": 0}}
    before = descriptors()
    yield
    assert raw.ask(GOOD, fd)[-1] == {"end": {"parts": 0}}
    until = time.monotonic() + 5
    while descriptors() != before:
        assert time.monotonic() < until, "the parent keeps descriptors"


def refusal(messages: list[Any]) -> str:
    (message,) = messages
    assert message["failed"]["reason"] == "refused"
    return message["failed"]["detail"]


def changed(offset: int, layout: str, value: int) -> bytes:
    request = bytearray(GOOD)
    struct.pack_into(layout, request, offset, value)
    return bytes(request)


@pytest.mark.parametrize(
    ("request_bytes", "why"),
    [
        (b"x", "short"),
        (GOOD[:47], "short"),
        (b"\0" * 48, "not a request"),
        (changed(4, "<I", 2), "version"),
        (changed(8, "<I", 0), "wall"),
        (changed(8, "<I", 2**32 - 1), "wall"),
        (changed(12, "<I", 0), "processor"),
        (changed(16, "<Q", 0), "memory"),
        (changed(16, "<Q", 2**64 - 1), "memory"),
        (changed(36, "<I", 2), "flags"),
        (changed(40, "<I", 3), "payload"),
        (changed(40, "<I", 2**32 - 1), "payload"),
        (pack_request(LIMITS, b"x" * MAX_MESSAGE) + b"x", "long"),
    ],
)
def test_a_malformed_request_is_refused_with_its_reason(
    raw: Raw, fd: int, request_bytes: bytes, why: str
) -> None:
    assert why in refusal(raw.ask(request_bytes, fd))


def test_a_payload_of_the_greatest_length_arrives(raw: Raw, fd: int) -> None:
    payload = json.dumps({"attack": "read_file", "pad": ""}).encode()
    payload = payload.replace(b'""', b'"' + b" " * (MAX_MESSAGE - len(payload)) + b'"')
    assert raw.ask(pack_request(LIMITS, payload), fd)[-1] == {"end": {"parts": 0}}


@pytest.mark.parametrize("count", [0, 1, 3, 16, 40, 253])
def test_a_wrong_number_of_descriptors_is_dropped_and_they_are_closed(raw: Raw, fd: int, count: int) -> None:
    raw.send(GOOD, *[fd] * count)


def test_a_reply_descriptor_that_is_no_packet_socket_is_dropped(raw: Raw, fd: int) -> None:
    stream, other = socket.socketpair()
    with stream, other:
        raw.send(GOOD, fd, stream.fileno())
    raw.send(GOOD, fd, fd)


@pytest.mark.parametrize("kind", ["writable", "memory", "directory", "fifo", "device", "path", "socket"])
def test_a_descriptor_that_is_not_safe_is_refused_by_parent_and_client(
    raw: Raw, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"content")
    os.mkfifo(tmp_path / "fifo")
    fd = {
        "writable": lambda: os.open(path, os.O_RDWR),
        "memory": lambda: os.memfd_create("x"),
        "directory": lambda: os.open(tmp_path, os.O_RDONLY),
        "fifo": lambda: os.open(tmp_path / "fifo", os.O_RDONLY | os.O_NONBLOCK),
        "device": lambda: os.open("/dev/zero", os.O_RDONLY),
        "path": lambda: os.open(path, os.O_PATH),
        "socket": lambda: socket.socket().detach(),
    }[kind]()
    try:
        assert "regular file" in refusal(raw.ask(GOOD, fd))
        with pytest.raises(UsageError):
            size_of_safe_file(fd)
    finally:
        os.close(fd)


def test_a_slow_reader_still_hears_why(raw: Raw, fd: int) -> None:
    request = pack_request(Limits(wall_seconds=0.3), b'{"attack": "flood"}')
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        with theirs:
            raw.send(request, fd, theirs.fileno())
        time.sleep(0.8)
        ours.settimeout(10)
        messages = list(iter(lambda: ours.recv(MAX_MESSAGE), b""))
    assert json.loads(messages[-1])["failed"]["reason"] == "timeout"


def test_a_reader_that_never_reads_holds_nobody_up(raw: Raw, fd: int) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        raw.send(pack_request(Limits(wall_seconds=0.2), b'{"attack": "flood"}'), fd, theirs.fileno())
        theirs.close()
        started = time.monotonic()
        for _ in range(20):
            assert raw.ask(GOOD, fd)[-1] == {"end": {"parts": 0}}
        assert time.monotonic() - started < 30


def test_the_reply_of_a_refused_request_is_no_finding(raw: Raw, fd: int) -> None:
    reply = raw.channel.ask(changed(4, "<I", 9), fd, Collector(family("x:y").messages, LIMITS), 10)
    assert reply.problems[0].reason == "sandbox_unavailable"
