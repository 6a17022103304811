"""A disk that is full or read-only is a clear error: nothing acknowledged is lost and readers go on."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from safelight.errors import IndexNotWritten
from safelight.matching.kinds import PDQ
from safelight.matching.reader import HammingReader
from safelight.matching.writer import CompactWhen, IndexWriter

if TYPE_CHECKING:
    from tests.faults.matching.recorded_source import RecordedSource

KEY = bytes(range(32))
Disk = Callable[[str], Path]


def new_writer(source: RecordedSource, directory: Path, changes: int = 10**9) -> IndexWriter:
    return IndexWriter(source, directory, lambda: KEY, compact_when=CompactWhen(changes=changes, share=0.0))


def rows(reader: HammingReader) -> set[int]:
    return {hit.row for hit in reader.search("0" * 64, 256, cap=10**6).hits}


def fill(disk: Path, leave: int) -> Path:
    """Use up a disk but for some bytes."""
    ballast = disk / "ballast"
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    ballast.write_bytes(bytes(max(free - leave, 0)))
    return ballast


def sync_until_full(writer: IndexWriter, source: RecordedSource, reader: HammingReader) -> int:
    """The last sequence that was acknowledged."""
    while True:
        acknowledged = reader.refresh().sequence
        source.grow(random.Random(acknowledged), source.stamp().sequence + 100)
        try:
            writer.sync()
        except IndexNotWritten as error:
            told = str(error)
            break
    assert "No space left on device" in told
    assert "the next sync catches up" in told
    return acknowledged


def test_full_during_append(small_disk: Disk, doubles: ModuleType) -> None:
    disk = small_disk("4m")
    source = doubles.RecordedSource()
    writer = new_writer(source, disk / "index")
    source.grow(random.Random(1), 500)
    writer.sync()
    reader = HammingReader(disk / "index", PDQ, lambda: KEY)
    ballast = fill(disk, leave=8192)
    acknowledged = sync_until_full(writer, source, reader)
    assert reader.refresh().sequence == acknowledged
    assert rows(reader) == set(source.rows(at=acknowledged))
    ballast.unlink()
    writer.sync()
    assert reader.refresh() == source.stamp()
    assert rows(reader) == set(source.rows())
    writer.close()


def test_full_at_any_step_of_a_compaction(small_disk: Disk, doubles: ModuleType) -> None:
    disk = small_disk("4m")
    source = doubles.RecordedSource()
    writer = new_writer(source, disk / "index")
    source.grow(random.Random(1), 2000)
    writer.sync()
    reader = HammingReader(disk / "index", PDQ, lambda: KEY)
    failures, leave, finished = 0, 0, False
    while not finished:
        source.grow(random.Random(leave), source.stamp().sequence + 5)
        writer.sync()
        ballast = fill(disk, leave)
        try:
            writer.compact()
            finished = True
        except IndexNotWritten:
            failures += 1
            left = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
            assert left >= leave - 8192, "what the failed compaction wrote is still there"
        reader.refresh()
        assert rows(reader) == set(source.rows())
        ballast.unlink()
        leave += 4096
    assert failures > 5
    source.grow(random.Random(3), source.stamp().sequence + 100)
    writer.compact()
    reader.refresh()
    assert rows(reader) == set(source.rows())
    writer.close()


def test_full_during_a_compaction_in_the_background(
    small_disk: Disk, doubles: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("safelight.matching.writer.RETRY_SECONDS", 0.0)
    disk = small_disk("4m")
    source = doubles.RecordedSource()
    source.grow(random.Random(1), 3000)
    writer = new_writer(source, disk / "index", changes=10)
    writer.sync()
    ballast = fill(disk, leave=20_000)
    source.grow(random.Random(2), 3050)
    writer.sync()
    writer.wait_for_compaction()
    assert "No space left" in str(writer.last_problem)
    reader = HammingReader(disk / "index", PDQ, lambda: KEY)
    assert rows(reader) == set(source.rows())
    ballast.unlink()
    source.grow(random.Random(3), 3100)
    writer.sync()
    writer.wait_for_compaction()
    assert writer.last_problem is None
    reader.refresh()
    assert rows(reader) == set(source.rows())
    writer.close()


def test_full_before_anything_was_built(small_disk: Disk, doubles: ModuleType) -> None:
    disk = small_disk("1m")
    source = doubles.RecordedSource()
    source.grow(random.Random(1), 2000)
    ballast = fill(disk, leave=32_768)
    writer = new_writer(source, disk / "index")
    with pytest.raises(IndexNotWritten):
        writer.sync()
    ballast.unlink()
    writer.sync()
    assert rows(HammingReader(disk / "index", PDQ, lambda: KEY)) == set(source.rows())
    writer.close()


def test_a_read_only_directory_can_be_searched_and_says_why_it_cannot_be_written(
    small_disk: Disk, doubles: ModuleType
) -> None:
    disk = small_disk("4m")
    source = doubles.RecordedSource()
    source.grow(random.Random(1), 100)
    writer = new_writer(source, disk / "index")
    writer.sync()
    writer.close()
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    reader = HammingReader(disk / "index", PDQ, lambda: KEY)
    assert rows(reader) == set(source.rows())
    with pytest.raises(IndexNotWritten, match=r"Read-only file system.*correct the permissions"):
        new_writer(source, disk / "index")
