"""The promises of the store protocol, kept by every store that ships."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from safelight.errors import ObjectDamaged, ObjectExists, ObjectMissing, VaultError
from safelight.ids import uuid7
from safelight.vault.evidence import open_sealed, seal
from safelight.vault.stores.protocol import ObjectStore
from safelight.vault.wrapping import Keeper, WrappingKey

SIZES = [1, 99, 101, 5_000, (9 << 20) + 17]


def new_id() -> UUID:
    return UUID(uuid7())


def noise(size: int, seed: int = 1) -> bytes:
    return (bytes((i * 131 + seed) % 256 for i in range(4099)) * (size // 4099 + 1))[:size]


def pieces_of(whole: bytes, size: int = 1 << 20) -> Iterator[bytes]:
    return (whole[i : i + size] for i in range(0, len(whole), size))


@pytest.mark.parametrize("size", SIZES)
def test_what_was_put_comes_back_whole_and_in_ranges(store: ObjectStore, size: int) -> None:
    object_id, whole = new_id(), noise(size)
    assert store.put(object_id, pieces_of(whole)) == size
    assert store.size(object_id) == size
    assert store.get(object_id, 0, size) == whole
    assert store.get(object_id, size // 2, size - size // 2) == whole[size // 2 :]
    assert store.get(object_id, size - 1, 1) == whole[-1:]
    assert store.get(object_id, 0, 0) == b""


@pytest.mark.parametrize("size", [50, 5_000])
def test_a_taken_id_is_refused_and_the_first_object_stays(store: ObjectStore, size: int) -> None:
    object_id = new_id()
    store.put(object_id, [noise(size)])
    for other in (10, size, 20_000):
        with pytest.raises(ObjectExists, match="new id"):
            store.put(object_id, [noise(other, seed=2)])
    assert store.get(object_id, 0, size) == noise(size)


@pytest.mark.parametrize("size", [50, 300_000])
def test_of_concurrent_writers_of_one_id_exactly_one_succeeds(store: ObjectStore, size: int) -> None:
    object_id = new_id()

    def attempt(seed: int) -> int | None:
        try:
            store.put(object_id, pieces_of(noise(size + seed, seed), 10_000))
        except ObjectExists:
            return None
        return seed

    with ThreadPoolExecutor(8) as pool:
        winners = [seed for seed in pool.map(attempt, range(8)) if seed is not None]
    assert len(winners) == 1
    assert store.get(object_id, 0, store.size(object_id)) == noise(size + winners[0], winners[0])


@pytest.mark.parametrize("before", [0, 50, 5_000, 9 << 20])
def test_nothing_is_stored_when_the_source_fails(store: ObjectStore, before: int) -> None:
    object_id = new_id()

    def failing() -> Iterator[bytes]:
        yield from pieces_of(noise(before))
        raise FileNotFoundError("the source is gone")

    with pytest.raises(FileNotFoundError, match="the source is gone"):
        store.put(object_id, failing())
    with pytest.raises(ObjectMissing):
        store.size(object_id)
    assert list(store.ids()) == []


def test_what_is_not_there_is_missing(store: ObjectStore) -> None:
    with pytest.raises(ObjectMissing):
        store.size(new_id())
    with pytest.raises(ObjectMissing):
        store.get(new_id(), 0, 1)
    store.delete(new_id())


def test_a_deleted_object_is_gone(store: ObjectStore) -> None:
    kept, gone = new_id(), new_id()
    for object_id in (kept, gone):
        store.put(object_id, [b"content"])
    store.delete(gone)
    store.delete(gone)
    with pytest.raises(ObjectMissing):
        store.get(gone, 0, 1)
    assert list(store.ids()) == [kept]


@pytest.mark.parametrize(("start", "length"), [(0, 8), (6, 2), (7, 1), (100, 3)])
def test_a_range_beyond_the_end_is_damage_not_a_short_answer(
    store: ObjectStore, start: int, length: int
) -> None:
    object_id = new_id()
    store.put(object_id, [b"content"])
    with pytest.raises(ObjectDamaged, match="ends before"):
        store.get(object_id, start, length)


def test_every_object_is_listed_and_prefixes_narrow(store: ObjectStore) -> None:
    ids = {UUID(int=(n << 124) | 7 << 76 | 2 << 62 | n) for n in range(5)}
    for object_id in ids:
        store.put(object_id, [b"x"])
    assert set(store.ids()) == ids
    assert {str(i)[0] for i in store.ids("3")} == {"3"}
    assert list(store.ids("f")) == []


def test_evidence_goes_through_every_store(store: ObjectStore) -> None:
    pair, content = WrappingKey.generate(), noise((2 << 20) + 5)
    sealed = seal(store, pair.sealing_key, pieces_of(content, 70_000))
    opened = open_sealed(store, Keeper([pair]), sealed.record)
    opened.verify()
    assert opened.read((1 << 20) - 3, 10) == content[(1 << 20) - 3 : (1 << 20) + 7]
    store.delete(sealed.object_id)
    with pytest.raises(VaultError):
        opened.read(0, 1)
