"""Only whole, well-formed, small messages are understood, and errors arrive as what they were."""

from __future__ import annotations

import socket
import struct
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safelight.errors import KeyRecordDamaged, ObjectDamaged, VaultError
from safelight.ids import uuid7
from safelight.server.vault import wire
from safelight.server.vault.wire import HeldKeys, Malformed, Operation, Request
from safelight.vault.object_key import ObjectKey
from safelight.vault.wrapping import WrappingKey

PAIR = WrappingKey.generate()
OBJECT = UUID(uuid7())
RECORD = PAIR.sealing_key.wrap(ObjectKey.generate(), OBJECT)


@given(st.sampled_from(list(Operation)[1:]), st.integers(0, 2**64 - 1), st.integers(0, wire.LONGEST_READ))
def test_a_request_arrives_as_it_was_sent(operation: Operation, start: int, length: int) -> None:
    request = Request(operation, RECORD, start, length)
    raw = request.to_bytes()
    assert len(raw) == wire.REQUEST_BYTES
    assert Request.parse(raw) == request


def test_held_keys_arrive_as_they_were_sent() -> None:
    held = HeldKeys(PAIR.sealing_key, frozenset({PAIR.id, "00" * 8}))
    arrived = HeldKeys.parse(held.to_bytes())
    assert arrived.current.public == held.current.public
    assert arrived.ids == held.ids


@given(st.binary(max_size=300))
def test_anything_else_is_refused(raw: bytes) -> None:
    try:
        Request.parse(raw)
    except (Malformed, KeyRecordDamaged):
        return
    assert raw[0] == Operation.KEYS


def test_a_range_longer_than_an_answer_is_refused() -> None:
    raw = Request(Operation.READ, RECORD, 0, wire.LONGEST_READ + 1).to_bytes()
    with pytest.raises(Malformed, match="too long"):
        Request.parse(raw)


def test_errors_keep_their_kind_and_their_words() -> None:
    with pytest.raises(ObjectDamaged, match="chunk 3"):
        wire.opened(wire.failed(ObjectDamaged("The chunk 3 was altered.")))
    for name in (b"SystemExit", b"annotations", b"UsageError", b"Unheard"):
        with pytest.raises(VaultError) as told:
            wire.opened(b"\x01" + name + b"\nwords")
        assert type(told.value) is VaultError
    for answer in (b"", b"\x02"):
        with pytest.raises(Malformed):
            wire.opened(answer)


def test_a_frame_that_is_too_long_or_ends_early_is_refused() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(struct.pack(">I", 101))
        with pytest.raises(Malformed, match="101 bytes"):
            wire.receive(ours, 100)
        wire.send(theirs, b"whole")
        assert wire.receive(ours, 5) == b"whole"
        theirs.sendall(struct.pack(">I", 100) + b"half")
        theirs.close()
        with pytest.raises(Malformed, match="ended early"):
            wire.receive(ours, 100)
