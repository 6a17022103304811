"""The writer keeps indexes at the state of their source, and makes them anew when they cannot be trusted."""

from __future__ import annotations

import random
import threading
import time

import pytest

from safelight.errors import IndexTooNew, WorkspaceBusy
from safelight.matching.kinds import INDEXED, PDQ
from safelight.matching.manifest import NAME, read_manifest
from safelight.matching.reader import ExactReader
from safelight.matching.upkeep import verify
from safelight.matching.writer import CompactWhen, IndexWriter

HASH = f"{0xABCDEF << 200:064x}"


def everything(reader) -> set[int]:
    return {hit.row for hit in reader.search("0" * 64, 256, cap=10**6).hits}


def test_an_index_of_nothing_finds_nothing(site, found) -> None:
    site.writer().sync()
    reader = site.reader()
    assert len(reader) == 0
    assert found(reader, HASH, 64) == []


def test_an_index_of_exactly_one_hash_works_logged_compacted_and_reopened(site, found) -> None:
    writer = site.writer()
    writer.sync()
    row = site.source.add(HASH)
    writer.sync()
    assert found(site.reader(), HASH, 0) == [(0, row)]
    writer.compact()
    assert found(site.reader(), HASH, 0) == [(0, row)]
    writer.close()
    writer = site.writer()
    writer.sync()
    assert found(site.reader(), HASH, 31) == [(0, row)]
    assert len(site.reader()) == 1


def test_sync_returns_the_state_that_readers_then_see(site) -> None:
    writer = site.writer()
    site.source.grow(random.Random(1), 500)
    assert writer.sync() == site.source.stamp() == site.reader().stamp()


def test_a_change_of_another_type_moves_the_stamp_and_survives_reopening(site) -> None:
    writer = site.writer()
    writer.sync()
    site.source.add("0" * 31 + "1", "md5")
    writer.sync()
    assert site.reader().stamp() == site.source.stamp()


def test_two_types_are_kept_apart(site, found) -> None:
    md5 = INDEXED["md5"]
    pdq_row, md5_row = site.source.add(HASH), site.source.add("0" * 31 + "1", "md5")
    site.writer((PDQ, md5)).sync()
    digests = ExactReader(site.directory, md5, site.key)
    assert digests.find_many(["0" * 31 + "1", "0" * 31 + "2"]) == ((md5_row,), ())
    assert everything(site.reader()) == {pdq_row}
    digests.close()


def test_a_second_writer_is_told_who_writes(site) -> None:
    first = site.writer()
    with pytest.raises(WorkspaceBusy, match=r"Process \d+ .* is writing the indexes"):
        site.writer()
    first.close()
    site.writer().sync()


def test_a_second_writer_may_wait_for_the_first(site) -> None:
    first = site.writer()
    threading.Timer(0.2, first.close).start()
    site.writer(wait=10.0).sync()


@pytest.mark.parametrize("epoch", ["epoch-1", "epoch-2"])
def test_a_restored_backup_is_noticed_and_the_index_rebuilt(site, epoch: str) -> None:
    site.source.grow(random.Random(1), 300)
    writer = site.writer()
    writer.sync()
    reader = site.reader()
    site.source.cut_back(200)
    site.source.epoch = epoch
    assert writer.sync() == reader.refresh() == site.source.stamp()
    assert everything(reader) == set(site.source.rows())


def test_a_restored_backup_is_noticed_by_a_writer_that_opens_later(site) -> None:
    site.source.grow(random.Random(1), 300)
    writer = site.writer()
    writer.sync()
    writer.close()
    site.source.cut_back(100)
    site.writer().sync()
    assert everything(site.reader()) == set(site.source.rows())


def test_a_rotated_key_is_taken_up_by_writer_and_reader(site) -> None:
    site.source.grow(random.Random(1), 100)
    keys = [bytes(32)]
    site.key = lambda: keys[-1]
    writer = site.writer()
    writer.sync()
    reader = site.reader()
    keys.append(b"1" * 32)
    site.source.epoch = "epoch-2"
    writer.sync()
    assert reader.refresh() == site.source.stamp()
    assert everything(reader) == set(site.source.rows())


@pytest.mark.parametrize("victim", [NAME, "snapshot-*", "log-*"])
@pytest.mark.parametrize("how", ["missing", "empty", "first byte", "halved"])
def test_damaged_files_are_rebuilt(site, victim: str, how: str) -> None:
    site.source.grow(random.Random(1), 300)
    writer = site.writer()
    writer.sync()
    site.source.grow(random.Random(2), 320)
    writer.sync()
    writer.close()
    (path,) = site.files(victim)
    content = path.read_bytes()
    path.unlink()
    if how != "missing":
        path.write_bytes(
            {
                "empty": b"",
                "first byte": bytes([content[0] ^ 1]) + content[1:],
                "halved": content[: len(content) // 2],
            }[how]
        )
    site.writer().sync()
    assert everything(site.reader()) == set(site.source.rows())
    assert [check.problem for check in verify(site.directory, site.key)] == [None]


def test_a_newer_format_is_left_alone(site) -> None:
    writer = site.writer()
    writer.sync()
    writer.close()
    (path,) = site.files(NAME)
    path.write_text(path.read_text().replace("safelight.index/1", "safelight.index/2"))
    with pytest.raises(IndexTooNew):
        site.writer()


def test_compaction_keeps_every_answer_and_removes_what_it_replaced(site) -> None:
    writer = site.writer()
    site.source.grow(random.Random(1), 400)
    writer.sync()
    site.source.grow(random.Random(2), 700)
    writer.sync()
    reader = site.reader()
    before = everything(reader)
    writer.compact()
    manifest, _ = read_manifest(site.directory / "pdq", site.key())
    names = {path.name for path in site.files("*")}
    assert names == {NAME, f"snapshot-{manifest.snapshot}.slx", f"log-{manifest.segments[0]}.slg"}
    reader.refresh()
    assert everything(reader) == before == set(site.source.rows())
    assert len(reader) == len(before)


def test_compaction_begins_by_itself_when_the_log_is_long(site) -> None:
    writer = site.writer(when=CompactWhen(changes=100, share=0.0))
    writer.sync()
    for target in range(50, 1001, 50):
        site.source.grow(random.Random(target), target)
        writer.sync()
    writer.wait_for_compaction()
    manifest, _ = read_manifest(site.directory / "pdq", site.key())
    assert manifest.snapshot is not None
    assert manifest.sequence > 100
    assert everything(site.reader()) == set(site.source.rows())


def test_appends_and_searches_go_on_while_a_compaction_runs(site, monkeypatch, found) -> None:
    site.source.grow(random.Random(1), 200)
    writer = site.writer()
    writer.sync()
    site.source.grow(random.Random(2), 250)
    reader = site.reader()
    reading, go_on = threading.Event(), threading.Event()
    live = site.source.live

    def slow_live(signal_type: str):
        rows = list(live(signal_type))
        yield from rows[:10]
        reading.set()
        assert go_on.wait(30)
        yield from rows[10:]

    monkeypatch.setattr(site.source, "live", slow_live)
    compaction = threading.Thread(target=writer.compact)
    compaction.start()
    assert reading.wait(30)
    row = site.source.add(HASH)
    gone = next(iter(site.source.rows()))
    site.source.withdraw(gone)
    writer.sync()
    reader.refresh()
    assert found(reader, HASH, 0) == [(0, row)]
    assert everything(reader) == set(site.source.rows())
    go_on.set()
    compaction.join()
    reader.refresh()
    assert everything(reader) == set(site.source.rows())
    assert everything(site.reader()) == set(site.source.rows())


def test_changes_that_the_snapshot_already_has_are_not_found_twice(site, monkeypatch, found) -> None:
    writer = site.writer()
    site.source.grow(random.Random(1), 50)
    writer.sync()
    live = site.source.live
    added = []

    def later_live(signal_type: str):
        if not added:  # the store goes on between the rotation of the log and the reading of the rows
            added.append(site.source.add(HASH))
            site.source.withdraw(next(iter(site.source.rows())))
        return live(signal_type)

    monkeypatch.setattr(site.source, "live", later_live)
    site.source.grow(random.Random(2), 60)
    writer.compact()
    writer.sync()
    reader = site.reader()
    assert found(reader, HASH, 0) == [(0, added[0])]
    assert everything(reader) == set(site.source.rows())
    site.source.withdraw(added[0])
    writer.sync()
    reader.refresh()
    assert found(reader, HASH, 0) == []


def test_following_takes_in_changes_until_told_to_stop(site, found) -> None:
    writer = site.writer()
    writer.sync()
    reader = site.reader()
    stop = threading.Event()
    thread = threading.Thread(target=writer.follow, args=(stop, 0.01))
    thread.start()
    row = site.source.add(HASH)
    deadline = time.monotonic() + 30
    while not found(reader, HASH, 0) and time.monotonic() < deadline:
        time.sleep(0.01)
    stop.set()
    thread.join()
    assert found(reader, HASH, 0) == [(0, row)]


def test_files_are_private_and_hold_no_listed_value(site) -> None:
    site.source.grow(random.Random(1), 100)
    writer = site.writer()
    writer.sync()
    row = site.source.add(HASH)
    writer.sync()
    assert row in everything(site.reader())
    values = [bytes.fromhex(value) for value in site.source.rows().values()]
    for path in site.directory.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
        if path.is_file():
            content = path.read_bytes()
            assert not any(value in content or value.hex().encode() in content for value in values), path


def test_rows_beyond_memory_are_staged_in_files_without_names(site, monkeypatch) -> None:
    monkeypatch.setattr("safelight.matching.staging.IN_MEMORY", 100)
    monkeypatch.setattr("safelight.matching.staging.CHUNK", 64)
    site.source.grow(random.Random(1), 1000)
    site.writer().sync()
    reader = site.reader()
    assert everything(reader) == set(site.source.rows())
    for row, value in list(site.source.rows().items())[:50]:
        assert (0, row) in [(hit.distance, hit.row) for hit in reader.search(value, 0).hits]


def test_types_without_an_index_directory_are_not_invented(tmp_path, source) -> None:
    with IndexWriter(source, tmp_path / "new", lambda: bytes(32), ()) as writer:
        assert writer.sync() == source.stamp()
