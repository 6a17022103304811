"""Where the demo's console listens: the port that was asked for, or the next free one."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from safelight.cli import demo_console
from safelight.cli.demo_corpus import make_corpus
from safelight.errors import UsageError


@pytest.fixture
def taken() -> Iterator[socket.socket]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener


def test_a_taken_port_that_was_asked_for_is_refused_with_what_to_do(taken: socket.socket) -> None:
    port = taken.getsockname()[1]
    with pytest.raises(UsageError, match=rf"Port {port} is in use.*--port"):
        demo_console._free_port(port)


def test_without_a_wish_the_next_free_one_is_taken(
    taken: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = taken.getsockname()[1]
    monkeypatch.setattr(demo_console, "FIRST_PORT", port)
    assert port < demo_console._free_port(None) < port + demo_console._PORTS


def test_every_file_that_is_sent_is_one_that_the_demo_makes(tmp_path: Path) -> None:
    made = make_corpus(tmp_path).folder
    for upload in demo_console._UPLOADS:
        assert (made / upload.path).is_file(), upload.path
