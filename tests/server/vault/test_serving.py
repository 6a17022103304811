"""The vault answers its own user only, in its own words, however its callers behave."""

from __future__ import annotations

import os
import socket
import stat
from contextlib import ExitStack, suppress

import pytest

from safelight.errors import KeyMissing, ObjectDamaged, ObjectMissing, WrappingKeyMissing
from safelight.ids import uuid7
from safelight.keys import Keyring, Purpose
from safelight.server.secrets import ProcessKeys
from safelight.server.vault import client, place, wire
from safelight.server.vault.client import SOCKET
from safelight.server.vault.errors import VaultUnreachable
from safelight.server.vault.serving import THREADS, keeper_of
from safelight.server.vault.wire import LONGEST_READ, Operation, Request
from safelight.vault import evidence
from safelight.vault.wrapping import WrappingKey


@pytest.fixture
def sealed(vault):
    def seal(content: bytes):
        return evidence.seal(place.store(), place.vault().keys().current, [content]).record

    return seal


def test_it_reads_any_range_and_ends_early_like_a_file(sealed) -> None:
    content = os.urandom((2 << 20) + 17)
    record = sealed(content)
    end = len(content)
    for start, length in [(0, 1), (5, 100), ((1 << 20) - 1, 2), (end - 3, 50), (end + 1, 9)]:
        assert place.vault().read(record, start, length) == content[start : start + length]


def test_a_range_longer_than_one_answer_is_read_in_several(sealed) -> None:
    content = os.urandom(LONGEST_READ + 1000)
    assert place.vault().read(sealed(content), 0, 2 * LONGEST_READ) == content


def test_it_proves_an_object_and_finds_it_altered(vault, sealed) -> None:
    record = sealed(b"content" * 1000)
    place.vault().verify(record)
    path = next(p for p in (vault.workspace / "evidence").rglob(f"*{record.object_id}*"))
    raw = bytearray(path.read_bytes())
    raw[200] ^= 1
    path.chmod(0o600)
    path.write_bytes(raw)
    with pytest.raises(ObjectDamaged):
        place.vault().verify(record)


def test_what_is_not_there_or_not_openable_is_said(vault, sealed) -> None:
    record = sealed(b"content")
    foreign = evidence.seal(place.store(), WrappingKey.generate().sealing_key, [b"x"]).record
    with pytest.raises(WrappingKeyMissing):
        place.vault().read(foreign, 0, 1)
    vault.store.delete(record.object_id)
    with pytest.raises(ObjectMissing):
        place.vault().read(record, 0, 1)


def test_a_process_of_another_user_gets_no_answer(vault, monkeypatch) -> None:
    monkeypatch.setattr(wire.os, "geteuid", lambda: 4242)
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.settimeout(30)
        stranger.connect(str(vault.run / SOCKET))
        with suppress(BrokenPipeError, ConnectionResetError):
            wire.send(stranger, Request(Operation.KEYS).to_bytes())
            assert stranger.recv(1) == b""


def test_a_vault_of_another_user_is_not_asked(sealed, monkeypatch) -> None:
    record = sealed(b"content")
    monkeypatch.setattr(client, "is_same_user", lambda _: False)
    with pytest.raises(VaultUnreachable):
        place.vault().read(record, 0, 1)


def test_its_socket_is_its_users_alone(vault) -> None:
    assert stat.S_IMODE((vault.run / SOCKET).stat().st_mode) == 0o600


def test_callers_that_say_nothing_or_nonsense_keep_nobody_from_reading(vault, sealed) -> None:
    record = sealed(b"content")
    with ExitStack() as stack:
        for _ in range(THREADS - 1):
            silent = stack.enter_context(socket.socket(socket.AF_UNIX))
            silent.connect(str(vault.run / SOCKET))
        for nonsense in (b"\xff\xff\xff\xff", b"\0\0\0\x01x", b"\0\0\0\x76" + b"x" * 118):
            loud = stack.enter_context(socket.socket(socket.AF_UNIX))
            loud.connect(str(vault.run / SOCKET))
            loud.sendall(nonsense)
        assert place.vault().read(record, 0, 7) == b"content"


def test_while_it_is_away_callers_wait_and_are_then_told(vault, sealed) -> None:
    record = sealed(b"content")
    vault.stop()
    with pytest.raises(VaultUnreachable, match="try again"):
        place.vault().read(record, 0, 7)
    vault.start()
    assert place.vault().read(record, 0, 7) == b"content"


def test_a_socket_left_by_a_killed_vault_is_taken_over(configured) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(configured.run / SOCKET))
    configured.start()
    assert place.vault().keys().ids


def test_a_web_worker_cannot_make_the_private_key() -> None:
    web = ProcessKeys.of(Keyring.generate(uuid7()), set(Purpose) - {Purpose.VAULT_PRIVATE})
    with pytest.raises(KeyMissing):
        keeper_of(web)
