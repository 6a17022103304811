"""What an operator is told of the indexes is so."""

from __future__ import annotations

import random

import pytest

from safelight.errors import WorkspaceBusy
from safelight.matching.upkeep import compact, stats, verify


def test_statistics_say_what_is_there(site) -> None:
    site.source.grow(random.Random(1), 300)
    writer = site.writer()
    writer.sync()
    built = len(site.source.rows())
    site.source.grow(random.Random(2), 320)
    writer.sync()
    (of_pdq,) = stats(site.directory, site.key)
    assert (of_pdq.signal_type, of_pdq.rows, of_pdq.logged_changes) == ("pdq", built, 20)
    assert of_pdq.stamp == site.source.stamp()
    assert of_pdq.snapshot_bytes == site.files("snapshot-*")[0].stat().st_size
    assert of_pdq.bytes_per_value > 32


def test_compaction_folds_the_log_and_shows_progress(site) -> None:
    site.source.grow(random.Random(1), 300)
    writer = site.writer()
    writer.sync()
    site.source.grow(random.Random(2), 320)
    writer.close()
    doing: list[str] = []
    compact(site.source, site.directory, site.key, progress=lambda what, _done: doing.append(what))
    (of_pdq,) = stats(site.directory, site.key)
    assert (of_pdq.logged_changes, of_pdq.rows) == (0, len(site.source.rows()))
    assert "reading the lists" in doing


def test_compaction_says_who_writes_already(site) -> None:
    site.writer()
    with pytest.raises(WorkspaceBusy):
        compact(site.source, site.directory, site.key)


def test_verification_reads_every_byte(site) -> None:
    site.source.grow(random.Random(1), 300)
    writer = site.writer()
    writer.sync()
    site.source.grow(random.Random(2), 320)
    writer.sync()
    assert [check.problem for check in verify(site.directory, site.key)] == [None]
    (path,) = site.files("snapshot-*")
    whole = path.read_bytes()
    for at in range(4096, 4096 + 32 * 100, 97):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
        (check,) = verify(site.directory, site.key)
        assert check.problem is not None, f"byte {at}"
