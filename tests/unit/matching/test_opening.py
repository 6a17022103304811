"""Opened indexes never answer from an older state than asked for, whoever has to bring them there."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from safelight.errors import IndexBehind, UsageError
from safelight.lists.store import Stamp
from safelight.matching.kinds import INDEXED, PDQ
from safelight.matching.memory_index import MemoryIndexes
from safelight.matching.opening import StoredIndexes, open_indexes
from safelight.matching.writer import CompactWhen

if TYPE_CHECKING:
    from tests.unit.matching.conftest import Site

HASH = f"{0xABCDEF << 200:064x}"


@pytest.fixture(params=["stored", "in memory"])
def indexes(request: pytest.FixtureRequest, site: Site) -> Iterator[StoredIndexes | MemoryIndexes]:
    directory = site.directory if request.param == "stored" else None
    opened = open_indexes(site.source, directory, site.key, (PDQ, INDEXED["md5"]))
    yield opened
    opened.close()


def rows(indexes: StoredIndexes | MemoryIndexes) -> set[int]:
    return {hit.row for hit in indexes.hamming("pdq").search("0" * 64, 256, cap=10**6).hits}


def test_what_was_committed_before_is_found(indexes: StoredIndexes | MemoryIndexes, site: Site) -> None:
    for target in range(1, 200, 20):
        site.source.grow(random.Random(target), target)
        indexes.ensure(site.source.stamp())
        assert rows(indexes) == set(site.source.rows())


def test_digests_are_found_and_withdrawn(indexes: StoredIndexes | MemoryIndexes, site: Site) -> None:
    row = site.source.add("0" * 31 + "1", "md5")
    indexes.ensure(site.source.stamp())
    exact = indexes.exact("md5")
    assert exact.find_many(["0" * 31 + "1"]) == ((row,),)
    site.source.withdraw(row)
    indexes.ensure(site.source.stamp())
    assert exact.find_many(["0" * 31 + "1"]) == ((),)
    assert indexes.exact("sha1") is None


def test_sketches_are_always_found_and_withdrawn(indexes: StoredIndexes | MemoryIndexes, site: Site) -> None:
    row = site.source.add(HASH, "sketch")
    for added in (row, site.source.add(HASH, "sketch")):
        indexes.ensure(site.source.stamp())
        assert added in {hit.row for hit in indexes.hamming("sketch").search(HASH, 40).hits}
    site.source.withdraw(row)
    indexes.ensure(site.source.stamp())
    assert row not in {hit.row for hit in indexes.hamming("sketch").search(HASH, 40).hits}


def test_a_restored_backup_is_noticed(indexes: StoredIndexes | MemoryIndexes, site: Site) -> None:
    site.source.grow(random.Random(1), 100)
    indexes.ensure(site.source.stamp())
    site.source.cut_back(50)
    indexes.ensure(site.source.stamp())
    assert rows(indexes) == set(site.source.rows())
    site.source.epoch = "epoch-2"
    site.source.grow(random.Random(2), 150)
    indexes.ensure(site.source.stamp())
    assert rows(indexes) == set(site.source.rows())


def test_a_type_they_were_opened_without_is_refused(indexes: StoredIndexes | MemoryIndexes) -> None:
    with pytest.raises(UsageError, match="opened without"):
        indexes.hamming("md5")


def test_many_threads_may_ensure_and_search_at_once(
    indexes: StoredIndexes | MemoryIndexes, site: Site
) -> None:
    wrong: list[str] = []

    def work(seed: int) -> None:
        for _ in range(20):
            row = site.source.add(HASH)
            indexes.ensure(site.source.stamp())
            if row not in {hit.row for hit in indexes.hamming("pdq").search(HASH, 0, cap=10**6).hits}:
                wrong.append(f"{row} was missed")

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_memory_indexes_of_many_rows_answer_alike(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("safelight.matching.memory_index.SCANNED", 100)
    site.source.grow(random.Random(1), 500)
    indexes = MemoryIndexes(site.source)
    site.source.grow(random.Random(2), 550)
    indexes.ensure(site.source.stamp())
    assert rows(indexes) == set(site.source.rows())


def test_without_the_right_to_write_it_waits_for_the_writer(site: Site) -> None:
    writer = site.writer()
    writer.sync()
    reading = StoredIndexes(site.source, site.directory, site.key, write=False, patience=30.0)
    row = site.source.add(HASH)
    threading.Timer(0.2, writer.sync).start()
    reading.ensure(site.source.stamp())
    assert row in rows(reading)
    reading.close()


def test_when_nobody_writes_it_refuses_instead_of_missing_entries(site: Site) -> None:
    site.writer().sync()
    reading = StoredIndexes(site.source, site.directory, site.key, write=False, patience=0.1)
    site.source.add(HASH)
    with pytest.raises(IndexBehind, match="safelight serve"):
        reading.ensure(site.source.stamp())
    reading.close()


def test_while_another_writes_and_does_not_get_there_it_says_who(site: Site) -> None:
    writer = site.writer()
    writer.sync()
    opened = StoredIndexes(site.source, site.directory, site.key, patience=0.1)
    site.source.add(HASH)
    with pytest.raises(IndexBehind, match=r"Process \d+"):
        opened.ensure(site.source.stamp())
    writer.close()
    opened.ensure(site.source.stamp())
    opened.close()


def test_within_its_tolerance_it_does_not_wait_and_another_epoch_is_never_tolerated(site: Site) -> None:
    site.writer().sync()
    reading = StoredIndexes(site.source, site.directory, site.key, write=False, patience=0.1, tolerance=600.0)
    site.source.add(HASH)
    reading.ensure(site.source.stamp())
    with pytest.raises(IndexBehind):
        reading.ensure(Stamp("workspace", "epoch-2", 0))
    reading.close()


def test_a_long_log_is_compacted_and_the_lock_given_back(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("safelight.matching.writer.CompactWhen", lambda: CompactWhen(changes=50, share=0.0))
    opened = StoredIndexes(site.source, site.directory, site.key)
    for target in range(0, 301, 30):
        site.source.grow(random.Random(target), target)
        opened.ensure(site.source.stamp())
    assert rows(opened) == set(site.source.rows())
    opened.close()
    site.writer(wait=30.0).sync()


def test_damage_is_repaired_by_whoever_may_write(site: Site) -> None:
    site.source.grow(random.Random(1), 100)
    opened = StoredIndexes(site.source, site.directory, site.key)
    site.source.grow(random.Random(2), 110)
    opened.ensure(site.source.stamp())
    (log,) = site.files("log-*")
    log.write_bytes(b"")
    site.source.grow(random.Random(3), 120)
    opened.ensure(site.source.stamp())
    assert rows(opened) == set(site.source.rows())
    opened.close()


def test_hashes_kept_of_past_files_are_indexed_the_same_way(site: Site, doubles: ModuleType) -> None:
    """A new list entry is searched against the past: the same machinery over another source and directory."""
    past = doubles.RecordedSource(workspace="workspace", epoch="seen-1")
    center = random.Random(5).getrandbits(256)
    close, far = past.add(doubles.near(center, range(20))), past.add(doubles.near(center, range(40)))
    seen = open_indexes(past, site.directory.with_name("seen"), site.key)
    entry = f"{center:064x}"
    assert [hit.row for hit in seen.hamming("pdq").search(entry, 31).hits] == [close]
    past.withdraw(close)  # kept hashes expire
    seen.ensure(past.stamp())
    assert [hit.row for hit in seen.hamming("pdq").search(entry, 64).hits] == [far]
    seen.close()
