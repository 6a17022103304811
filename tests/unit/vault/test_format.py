"""A sealed object gives back exactly what was sealed, or nothing."""

from __future__ import annotations

import hashlib
import tracemalloc
from uuid import UUID

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from safelight.errors import ObjectDamaged, ObjectTooNew, VaultError
from safelight.ids import uuid7
from safelight.vault import sealing as sealing_module
from safelight.vault.format import (
    HEADER_BYTES,
    TAG,
    TRAILER_BYTES,
    Contents,
    Geometry,
    Header,
    chunk_binding,
    trailer_binding,
)
from safelight.vault.object_key import ObjectKey
from safelight.vault.opening import OpenedObject
from safelight.vault.sealing import Sealing
from safelight.vault.stores.memory import MemoryStore

CHUNK = 16
SEALED_CHUNK = CHUNK + TAG
LENGTHS = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 5]


class Bench:
    """A memory store whose objects have chunks of 16 bytes, and the keys to open them."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.keys: dict[UUID, ObjectKey] = {}

    def seal(self, content: bytes) -> UUID:
        object_id = UUID(uuid7())
        sealing = Sealing(object_id, [content], chunk_size=CHUNK)
        self.store.put(object_id, sealing)
        self.keys[object_id] = sealing.key
        return object_id

    def open(self, object_id: UUID) -> OpenedObject:
        return OpenedObject(self.store, object_id, self.keys[object_id])

    def read(self, object_id: UUID) -> bytes:
        opened = self.open(object_id)
        opened.verify()
        return opened.read()

    def raw(self, object_id: UUID) -> bytes:
        return self.store.objects[object_id]

    def replace(self, object_id: UUID, raw: bytes) -> None:
        self.store.objects[object_id] = raw


@pytest.fixture
def bench() -> Bench:
    return Bench()


def pattern(length: int) -> bytes:
    return bytes(i * 7 % 251 for i in range(length))


@pytest.mark.parametrize("length", LENGTHS)
def test_what_was_sealed_comes_back(bench: Bench, length: int) -> None:
    object_id = bench.seal(pattern(length))
    assert bench.read(object_id) == pattern(length)
    assert bench.open(object_id).length == length
    assert bench.open(object_id).contents.sha256 == hashlib.sha256(pattern(length)).digest()


@given(st.lists(st.binary(max_size=50)))
def test_the_sizes_of_the_pieces_do_not_matter(pieces: list[bytes]) -> None:
    bench, object_id = Bench(), UUID(uuid7())
    sealing = Sealing(object_id, pieces, chunk_size=CHUNK)
    bench.store.put(object_id, sealing)
    bench.keys[object_id] = sealing.key
    assert bench.read(object_id) == b"".join(pieces)
    assert sealing.contents == bench.open(object_id).contents
    assert len(bench.raw(object_id)) == Geometry(CHUNK, sealing.contents.length).sealed_size


@given(st.binary(max_size=100), st.integers(0, 120), st.integers(0, 120) | st.none())
def test_a_range_is_a_slice(content: bytes, start: int, length: int | None) -> None:
    bench = Bench()
    opened = bench.open(bench.seal(content))
    assert opened.read(start, length) == content[start : None if length is None else start + length]


def test_a_range_fetches_only_the_chunks_it_touches(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    object_id = bench.seal(pattern(10 * CHUNK))
    opened = bench.open(object_id)
    fetched = []
    get = bench.store.get
    monkeypatch.setattr(
        bench.store, "get", lambda i, start, n: fetched.append((start, n)) or get(i, start, n)
    )
    assert opened.read(3 * CHUNK + 2, CHUNK) == pattern(10 * CHUNK)[3 * CHUNK + 2 : 4 * CHUNK + 2]
    assert fetched == [(HEADER_BYTES + i * SEALED_CHUNK, SEALED_CHUNK) for i in (3, 4)]


def test_negative_ranges_are_refused(bench: Bench) -> None:
    opened = bench.open(bench.seal(b"x"))
    with pytest.raises(ValueError, match="negative"):
        opened.read(-1)
    with pytest.raises(ValueError, match="negative"):
        opened.read(0, -1)


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("flip", [0x01, 0x80])
def test_every_altered_byte_is_noticed(bench: Bench, length: int, flip: int) -> None:
    object_id = bench.seal(pattern(length))
    raw = bench.raw(object_id)
    missed = []
    for position in range(len(raw)):
        altered = bytearray(raw)
        altered[position] ^= flip
        bench.replace(object_id, bytes(altered))
        try:
            bench.read(object_id)
            missed.append(position)
        except VaultError:
            pass
    assert missed == []


@pytest.mark.parametrize("length", LENGTHS)
def test_every_truncation_is_noticed(bench: Bench, length: int) -> None:
    object_id = bench.seal(pattern(length))
    raw = bench.raw(object_id)
    for kept in range(len(raw)):
        bench.replace(object_id, raw[:kept])
        with pytest.raises(ObjectDamaged):
            bench.read(object_id)


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("more", [1, TAG, SEALED_CHUNK, 2 * SEALED_CHUNK + 3])
def test_every_extension_is_noticed(bench: Bench, length: int, more: int) -> None:
    object_id = bench.seal(pattern(length))
    bench.replace(object_id, bench.raw(object_id) + bytes(more))
    with pytest.raises(ObjectDamaged):
        bench.read(object_id)


def chunks_of(raw: bytes) -> list[bytes]:
    body = raw[HEADER_BYTES:-TRAILER_BYTES]
    return [body[i : i + SEALED_CHUNK] for i in range(0, len(body), SEALED_CHUNK)]


def reassembled(raw: bytes, chunks: list[bytes]) -> bytes:
    return raw[:HEADER_BYTES] + b"".join(chunks) + raw[-TRAILER_BYTES:]


def test_chunks_cannot_be_reordered_repeated_or_left_out(bench: Bench) -> None:
    object_id = bench.seal(pattern(4 * CHUNK))
    raw = bench.raw(object_id)
    a, b, c, d = chunks_of(raw)
    for edit in ([b, a, c, d], [a, a, c, d], [a, b, d], [a, b, c], [a, b, c, d, d], [a, b, c, c, d]):
        bench.replace(object_id, reassembled(raw, edit))
        with pytest.raises(ObjectDamaged):
            bench.read(object_id)


def test_an_object_cannot_end_at_an_earlier_chunk_with_an_honest_trailer(bench: Bench) -> None:
    whole, shorter = bench.seal(pattern(3 * CHUNK)), bench.seal(pattern(2 * CHUNK))
    raw = bench.raw(whole)
    bench.replace(
        whole, raw[:HEADER_BYTES] + b"".join(chunks_of(raw)[:2]) + bench.raw(shorter)[-TRAILER_BYTES:]
    )
    with pytest.raises(ObjectDamaged):
        bench.read(whole)


def test_chunks_cannot_be_swapped_between_objects_even_of_one_key(bench: Bench) -> None:
    """One key never seals two objects; if it did, the object id in the binding would tell them apart."""
    key = ObjectKey.generate()
    ids = UUID(uuid7()), UUID(uuid7())
    for object_id in ids:
        sealing = Sealing(object_id, [pattern(2 * CHUNK)], chunk_size=CHUNK)
        sealing.key = key
        sealing._header = Header(object_id, key.identity(object_id), CHUNK)
        bench.store.put(object_id, sealing)
        bench.keys[object_id] = key
    first, second = (bench.raw(object_id) for object_id in ids)
    assert bench.read(ids[0]) == bench.read(ids[1])
    bench.replace(ids[0], reassembled(first, [chunks_of(second)[0], chunks_of(first)[1]]))
    with pytest.raises(ObjectDamaged):
        bench.read(ids[0])
    bench.replace(ids[0], second)
    with pytest.raises(ObjectDamaged):
        bench.read(ids[0])


def test_the_key_of_another_object_opens_nothing(bench: Bench) -> None:
    one, other = bench.seal(b"one"), bench.seal(b"two")
    bench.keys[one] = bench.keys[other]
    with pytest.raises(VaultError, match="another object's"):
        bench.read(one)


def test_neither_content_nor_its_digest_stands_in_the_object(bench: Bench) -> None:
    content = pattern(5 * CHUNK)
    raw = bench.raw(object_id := bench.seal(content))
    assert hashlib.sha256(content).digest() not in raw
    assert bench.keys[object_id].secret not in raw
    assert not any(content[i : i + 8] in raw for i in range(len(content) - 8))


def test_a_chunk_is_bound_to_its_object_its_place_and_whether_it_is_the_last() -> None:
    """Each of these alone would be noticed otherwise too, by key, nonce or trailer; none relies on that."""
    bindings = {
        chunk_binding(header, index, last=last)
        for header in (b"one".ljust(HEADER_BYTES), b"two".ljust(HEADER_BYTES))
        for index in (0, 1, 1 << 40)
        for last in (False, True)
    }
    assert len(bindings) == 12
    assert trailer_binding(b"one".ljust(HEADER_BYTES)) not in bindings


def test_a_content_that_is_not_what_the_trailer_says_is_noticed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing_module, "Contents", lambda length, _: Contents(length, bytes(32)))
    opened = bench.open(bench.seal(b"content"))
    with pytest.raises(ObjectDamaged, match="not what was sealed"):
        opened.verify()


def test_a_newer_format_says_upgrade(bench: Bench) -> None:
    object_id = bench.seal(b"x")
    raw = bytearray(bench.raw(object_id))
    raw[9] = 2
    bench.replace(object_id, bytes(raw))
    with pytest.raises(ObjectTooNew, match="Upgrade"):
        bench.open(object_id)


def test_a_content_is_sealed_once() -> None:
    sealing = Sealing(UUID(uuid7()), [b"x"])
    with pytest.raises(RuntimeError, match="to its end"):
        _ = sealing.contents
    list(sealing)
    with pytest.raises(RuntimeError, match="once"):
        list(sealing)


def test_no_two_objects_share_a_key(bench: Bench) -> None:
    one, other = bench.seal(b"same"), bench.seal(b"same")
    assert bench.keys[one] != bench.keys[other]
    assert bench.raw(one)[HEADER_BYTES:] != bench.raw(other)[HEADER_BYTES:]


def test_a_key_shows_nothing_of_itself() -> None:
    key = ObjectKey.generate()
    assert repr(key) == "ObjectKey()"
    with pytest.raises(InvalidTag):
        key.cipher(UUID(uuid7())).decrypt(bytes(12), bytes(32), None)


@given(st.integers(1, 40), st.integers(0, 500))
def test_a_sealed_size_has_one_geometry(chunk_size: int, length: int) -> None:
    geometry = Geometry(chunk_size, length)
    assert Geometry.of_sealed_size(chunk_size, geometry.sealed_size) == geometry


def test_sealing_a_long_stream_needs_little_memory() -> None:
    piece = bytes(1 << 16)
    sealing = Sealing(UUID(uuid7()), (piece for _ in range(64 * 16)))
    tracemalloc.start()
    sealed = sum(len(part) for part in sealing)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sealed == Geometry(1 << 20, 64 << 20).sealed_size
    assert peak < 8 << 20
