"""A reader answers from one whole state, finds the next one by itself, and refuses what is damaged."""

from __future__ import annotations

import random
import shutil
import threading
import time
from itertools import pairwise

import pytest

from safelight.errors import IndexBehind, IndexDamaged, IndexKeyMismatch, UsageError
from safelight.matching.kinds import PDQ
from safelight.matching.reader import HammingReader
from safelight.matching.watch import BlockWatch

HASH = f"{0xABCDEF << 200:064x}"


def wait_until(condition) -> bool:
    deadline = time.monotonic() + 30
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def test_without_an_index_it_says_what_to_start(site) -> None:
    with pytest.raises(IndexBehind, match="safelight serve"):
        site.reader()


def test_it_finds_news_by_itself(site, found) -> None:
    writer = site.writer()
    writer.sync()
    reader = site.reader()
    row = site.source.add(HASH)
    writer.sync()
    assert wait_until(lambda: found(reader, HASH, 0) == [(0, row)])
    site.source.withdraw(row)
    writer.sync()
    assert wait_until(lambda: found(reader, HASH, 0) == [])


def test_a_batch_is_answered_in_the_order_asked(site) -> None:
    site.source.grow(random.Random(1), 300)
    site.writer().sync()
    reader = site.reader()
    queries = list(site.source.rows().values())[:20] + [HASH]
    assert reader.search_many(queries, 40) == tuple(reader.search(query, 40) for query in queries)


@pytest.mark.parametrize("bad", ["", "0" * 63, "0" * 65, "g" * 64, " " * 64, "0" * 62 + "  "])
def test_a_query_that_is_no_hash_is_refused(site, bad: str) -> None:
    site.writer().sync()
    with pytest.raises(UsageError, match="pdq value"):
        site.reader().search(bad, 31)


def test_another_key_is_refused(site) -> None:
    site.writer().sync()
    with pytest.raises(IndexKeyMismatch):
        HammingReader(site.directory, PDQ, lambda: bytes(32))


def test_files_deleted_under_it_leave_it_answering(site, found) -> None:
    site.source.grow(random.Random(1), 300)
    row = site.source.add(HASH)
    site.writer().sync()
    reader = site.reader()
    shutil.rmtree(site.directory)
    reader.refresh()
    assert (0, row) in found(reader, HASH, 0)


def test_only_the_snapshot_deleted_leaves_it_answering_and_taking_in_news(site, found) -> None:
    site.source.grow(random.Random(1), 300)
    writer = site.writer()
    writer.sync()
    reader = site.reader()
    site.files("snapshot-*")[0].unlink()
    row = site.source.add(HASH)
    writer.sync()
    reader.refresh()
    assert found(reader, HASH, 0) == [(0, row)]
    with pytest.raises(IndexDamaged, match="missing"):
        site.reader()


def test_swaps_during_searches_never_lose_or_double_a_row(site, found) -> None:
    site.source.grow(random.Random(1), 300)
    row = site.source.add(HASH)
    site.source.kept.add(row)
    writer = site.writer()
    writer.sync()
    reader = site.reader()
    stop = threading.Event()
    wrong: list[object] = []

    def search() -> None:
        while not stop.is_set():
            if (got := found(reader, HASH, 0)) != [(0, row)]:
                wrong.append(got)

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    for target in range(310, 700, 10):
        site.source.grow(random.Random(target), target)
        writer.compact()
        reader.refresh()
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_stamps_only_move_forward(site) -> None:
    writer = site.writer()
    writer.sync()
    reader = site.reader()
    seen = []
    for target in range(0, 200, 5):
        site.source.grow(random.Random(target), target)
        writer.sync()
        if target % 50 == 0:
            writer.compact()
        seen.append(reader.refresh().sequence)
    assert all(a <= b for a, b in pairwise(seen))
    assert seen[-1] == site.source.stamp().sequence


def test_a_closed_reader_says_so(site) -> None:
    site.writer().sync()
    reader = site.reader()
    reader.close()
    with pytest.raises(UsageError, match="closed"):
        reader.search(HASH, 0)


def damage_snapshot(site) -> None:
    """Flip bits in the values of the snapshot, in place, as a failing disk does."""
    (path,) = site.files("snapshot-*")
    with path.open("r+b") as file:
        file.seek(4096)
        block = file.read(64)
        file.seek(4096)
        file.write(bytes(byte ^ 0xFF for byte in block))


def test_a_bad_block_stops_searches_until_the_writer_has_rebuilt(site) -> None:
    site.source.grow(random.Random(1), 300)
    writer = site.writer()
    writer.sync()
    reader = site.reader()
    damage_snapshot(site)
    watch = BlockWatch(reader, pause=0.0, again=0.01)

    def refused() -> bool:
        try:
            reader.search(HASH, 31)
        except IndexDamaged as error:
            assert "check the disk" in str(error)
            return True
        return False

    assert wait_until(refused)
    writer.sync()
    reader.refresh()
    assert {hit.row for hit in reader.search("0" * 64, 256, cap=10**6).hits} == set(site.source.rows())
    watch.close()


def test_a_false_alarm_costs_no_rebuild(site) -> None:
    site.source.grow(random.Random(1), 100)
    writer = site.writer()
    writer.sync()
    before = [path.name for path in site.files("*")]
    (site.directory / "pdq" / "damaged-1").touch()
    writer.sync()
    assert [path.name for path in site.files("*")] == before


def test_a_damaged_log_stops_searches_and_is_rebuilt(site) -> None:
    site.source.grow(random.Random(1), 100)
    writer = site.writer()
    writer.sync()
    site.source.grow(random.Random(2), 120)
    writer.sync()
    reader = site.reader()
    (path,) = site.files("log-*")
    path.write_bytes(b"")
    with pytest.raises(IndexDamaged, match="shortened"):
        reader.refresh()
    with pytest.raises(IndexDamaged, match="shortened"):
        reader.search(HASH, 31)
    writer.sync()
    reader.refresh()
    assert {hit.row for hit in reader.search("0" * 64, 256, cap=10**6).hits} == set(site.source.rows())
