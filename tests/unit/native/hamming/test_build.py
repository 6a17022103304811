"""A build is deterministic, bounded, and either complete under its name or leaves no trace."""

from __future__ import annotations

import fcntl
import stat
import subprocess
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from safelight import errors
from safelight.native import _hamming

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = bytes(range(32))


def records(n: int, seed: int = 1) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    hashes = rng.integers(0, 256, (n, 32), dtype=np.uint8)
    hashes[n // 2 :] = hashes[: n - n // 2]  # half of them twice
    return hashes, np.arange(n, dtype=np.uint64)


def write(path: Path, *data: Any, progress: Any = None, **options: Any) -> _hamming.BuildStats:
    return _hamming.Snapshot.build(str(path), *data, KEY, b"stamp", progress, scan_below=1, **options)


@pytest.mark.parametrize("n", [0, 1, 2, 5000])
def test_what_is_built_is_what_is_told(tmp_path: Path, n: int) -> None:
    stats = write(tmp_path / "index", *records(n))
    snapshot = _hamming.Snapshot.open(str(tmp_path / "index"), KEY)
    assert (len(snapshot), snapshot.rows, snapshot.stamp) == ((n + 1) // 2, n, b"stamp")
    assert (stats.unique, stats.rows, stats.bytes) == (len(snapshot), n, snapshot.bytes)
    assert snapshot.bytes == (tmp_path / "index").stat().st_size
    assert snapshot.verify() == (snapshot.blocks(), None)


def test_the_same_records_in_any_order_give_the_same_bytes(tmp_path: Path) -> None:
    hashes, rows = records(5000)
    shuffle = np.random.default_rng(2).permutation(5000)
    write(tmp_path / "a", hashes, rows)
    write(tmp_path / "b", hashes[shuffle], rows[shuffle])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_small_buffer_changes_nothing_but_the_time(tmp_path: Path) -> None:
    hashes, rows = records(3000)
    hashes[:200] = hashes[0]  # a value with more rows than the buffer holds
    write(tmp_path / "a", hashes, rows)
    write(tmp_path / "b", hashes, rows, buffer_bytes=4000)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_raw_files_are_as_good_as_arrays(tmp_path: Path) -> None:
    hashes, rows = records(1000)
    hashes.tofile(tmp_path / "hashes")
    rows.tofile(tmp_path / "rows")
    write(tmp_path / "a", hashes, rows)
    write(tmp_path / "b", str(tmp_path / "hashes"), str(tmp_path / "rows"))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_hash_costs_at_most_140_bytes(tmp_path: Path) -> None:
    """At ten million the directories' 4 MiB are 0.4 bytes a hash; here they are counted apart."""
    n = 50_000
    rng = np.random.default_rng(3)
    write(tmp_path / "index", rng.integers(0, 256, (n, 32), dtype=np.uint8), np.arange(n, dtype=np.uint64))
    directories = 16 * 4 * 65_537
    assert ((tmp_path / "index").stat().st_size - directories) / n <= 139


def test_listed_values_do_not_lie_open_in_the_file(tmp_path: Path) -> None:
    hashes, rows = records(2000)
    write(tmp_path / "index", hashes, rows)
    content = (tmp_path / "index").read_bytes()
    assert not any(hash_.tobytes()[:8] in content for hash_ in hashes[:200])
    assert stat.S_IMODE((tmp_path / "index").stat().st_mode) == 0o600


def test_progress_runs_from_nothing_to_all_in_each_phase(tmp_path: Path) -> None:
    seen: dict[str, list[float]] = {}
    write(
        tmp_path / "index",
        *records(5000),
        progress=lambda phase, part: seen.setdefault(phase, []).append(part),
    )
    assert list(seen) == ["count", "sort", "merge", "tables", "sync"]
    for fractions in seen.values():
        assert fractions == sorted(fractions)
        assert 0 <= fractions[0] <= fractions[-1] <= 1


@pytest.mark.parametrize("phase", ["count", "sort", "merge", "tables", "sync"])
def test_an_interrupted_build_leaves_the_old_index(tmp_path: Path, phase: str) -> None:
    write(tmp_path / "index", *records(100))
    before = (tmp_path / "index").read_bytes()

    def interrupt(now: str, _: float) -> None:
        if now == phase:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "index", *records(5000), progress=interrupt)
    assert [entry.name for entry in tmp_path.iterdir()] == ["index"]
    assert (tmp_path / "index").read_bytes() == before


def test_a_killed_builds_leftover_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / "index.partial").write_bytes(b"left over" * 10_000)
    write(tmp_path / "index", *records(10))
    assert [entry.name for entry in tmp_path.iterdir()] == ["index"]
    _hamming.Snapshot.open(str(tmp_path / "index"), KEY)


def test_two_builds_of_one_index_do_not_mix(tmp_path: Path) -> None:
    with (tmp_path / "index.partial").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(errors.WorkspaceBusy, match="another process"):
            write(tmp_path / "index", *records(10))
    assert not (tmp_path / "index").exists()


def test_readers_keep_an_index_that_was_replaced_or_removed(tmp_path: Path) -> None:
    hashes, rows = records(5000)
    write(tmp_path / "index", hashes, rows)
    reader = _hamming.Snapshot.open(str(tmp_path / "index"), KEY)
    write(tmp_path / "index", hashes[:1], rows[:1])
    (tmp_path / "index").unlink()
    assert reader.verify()[1] is None
    assert reader.search(hashes[100:101], 0, 10)[0].tolist() == [100, 2600]


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        write(tmp_path / "nowhere" / "index", *records(10))


@pytest.mark.parametrize(
    ("hashes", "rows", "message"),
    [
        (np.zeros((2, 32), np.uint8), np.zeros(1, np.uint64), "as many rows"),
        (np.zeros((2, 31), np.uint8), np.zeros(2, np.uint64), "32"),
        (np.zeros((1, 32), np.uint8), np.array([2**63], np.uint64), r"2\^63"),
    ],
)
def test_impossible_records_are_refused(tmp_path: Path, hashes: Any, rows: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        write(tmp_path / "index", hashes, rows)
    with pytest.raises(ValueError, match="256 bytes"):
        _hamming.Snapshot.build(str(tmp_path / "index"), hashes[:0].reshape(0, 32), rows[:0], KEY, b"s" * 257)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MiB, where the right to mount one is given."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("mounting a small file system is not permitted here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.parametrize("n", [15_000, 60_000], ids=["in the tables", "in the hashes"])
def test_a_full_disk_is_said_and_leaves_the_old_index(small_disk: Path, n: int) -> None:
    write(small_disk / "small", *records(0))
    before = (small_disk / "small").read_bytes()
    with pytest.raises(OSError, match="No space left") as raised:
        write(small_disk / "small", *records(n))
    assert raised.value.filename is not None
    assert [entry.name for entry in small_disk.iterdir()] == ["small"]
    assert (small_disk / "small").read_bytes() == before
