"""A file that is not whole, not ours or too new is refused; a flipped bit is found and never a crash."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from safelight import errors
from safelight.native import _hamming

KEY = bytes(range(32))
HEADER = 4096
CRASH_TRIAL = Path(__file__).with_name("flipped_bits_trial.py")


def crc32c(data: bytes) -> int:
    """RFC 3720's checksum, bit by bit: a second opinion on the native one."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


@pytest.fixture
def index(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    hashes = rng.integers(0, 256, (1000, 32), dtype=np.uint8)
    hashes[900:] = hashes[0]
    path = tmp_path / "index"
    _hamming.Snapshot.build(str(path), hashes, np.arange(1000, dtype=np.uint64), KEY, b"s", scan_below=1)
    return path


def test_the_header_carries_the_published_checksum(index: Path) -> None:
    header = index.read_bytes()[:HEADER]
    assert crc32c(b"123456789") == 0xE3069283
    assert struct.unpack_from("<I", header, 8)[0] == crc32c(header[:8] + bytes(4) + header[12:])


def test_every_altered_header_byte_is_refused(index: Path) -> None:
    header = index.read_bytes()[:HEADER]
    with index.open("r+b", buffering=0) as file:
        for at in range(HEADER):
            os.pwrite(file.fileno(), bytes([header[at] ^ 1 << (at % 8)]), at)
            with pytest.raises(errors.IndexDamaged):
                _hamming.Snapshot.open(str(index), KEY)
            os.pwrite(file.fileno(), header[at : at + 1], at)
    _hamming.Snapshot.open(str(index), KEY)


@pytest.mark.parametrize("keep", [0, 1, 11, HEADER - 1, HEADER, HEADER + 1, 0.5, -65, -64, -1])
def test_a_cut_file_is_refused(index: Path, keep: float) -> None:
    whole = index.read_bytes()
    index.write_bytes(whole[: int(len(whole) * keep) if 0 < keep < 1 else int(keep)])
    with pytest.raises(errors.IndexDamaged, match="rebuild"):
        _hamming.Snapshot.open(str(index), KEY)


def test_a_longer_file_is_refused(index: Path) -> None:
    index.write_bytes(index.read_bytes() + b"\0")
    with pytest.raises(errors.IndexDamaged, match="bytes instead of"):
        _hamming.Snapshot.open(str(index), KEY)


def test_another_key_is_refused(index: Path) -> None:
    with pytest.raises(errors.IndexKeyMismatch, match="root key"):
        _hamming.Snapshot.open(str(index), bytes(32))


def test_a_newer_format_is_refused_as_such(index: Path) -> None:
    altered = bytearray(index.read_bytes())
    struct.pack_into("<II", altered, 8, 0, 2)
    struct.pack_into("<I", altered, 8, crc32c(bytes(altered[:HEADER])))
    index.write_bytes(altered)
    with pytest.raises(errors.IndexTooNew, match="upgrade"):
        _hamming.Snapshot.open(str(index), KEY)


def test_an_index_of_the_other_kind_is_refused(index: Path) -> None:
    with pytest.raises(errors.IndexDamaged, match="another kind"):
        _hamming.ExactSnapshot.open(str(index), KEY, 32)


@pytest.mark.parametrize("content", [b"", b"\0" * 10_000, b"%PDF-1.7\n" * 2000])
def test_what_never_was_an_index_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "other").write_bytes(content)
    with pytest.raises(errors.IndexDamaged):
        _hamming.Snapshot.open(str(tmp_path / "other"), KEY)


def sections(header: bytes) -> list[tuple[int, int]]:
    """Offset and length of every section, as `Header` in format.hpp lays them out."""
    count = struct.unpack_from("<I", header, 76)[0]
    return [struct.unpack_from("<8xQQ", header, 336 + 24 * i) for i in range(count)]


def test_verify_finds_one_flipped_bit_in_any_section(index: Path) -> None:
    whole = index.read_bytes()
    *data, checksums = sections(whole[:HEADER])
    assert len(data) == 3 + 3 * 16 - 1
    for block, (offset, length) in enumerate(data):
        for at in (offset, offset + length // 2, offset + length - 1):
            altered = bytearray(whole)
            altered[at] ^= 0x10
            index.write_bytes(altered)
            snapshot = _hamming.Snapshot.open(str(index), KEY)
            assert snapshot.verify() == (block + 1, block)
            assert snapshot.verify(block, 1) == (1, block)
            assert snapshot.verify(block + 1) == (len(data) - block - 1, None)
    altered = bytearray(whole)
    altered[checksums[0]] ^= 1
    index.write_bytes(altered)
    with pytest.raises(errors.IndexDamaged, match="checksums"):
        _hamming.Snapshot.open(str(index), KEY)


def test_verify_goes_block_by_block_through_a_large_section(tmp_path: Path) -> None:
    n = 300_000  # 9.6 MB of hashes: three blocks
    rng = np.random.default_rng(2)
    path = tmp_path / "index"
    hashes = rng.integers(0, 256, (n, 32), dtype=np.uint8)
    _hamming.Snapshot.build(str(path), hashes, np.arange(n, dtype=np.uint64), KEY, b"", scan_below=n + 1)
    with path.open("r+b") as file:
        file.seek(HEADER + (4 << 20) + 12_345)
        file.write(b"\xff\x00\xff")
    snapshot = _hamming.Snapshot.open(str(path), KEY)
    assert snapshot.blocks() == 4
    assert snapshot.verify() == (2, 1)
    assert [snapshot.verify(block, 1)[1] for block in range(4)] == [None, 1, None, None]
    assert snapshot.verify(99) == (0, None)


@pytest.mark.parametrize(
    "seed", [pytest.param(s, marks=[pytest.mark.slow] if s > 1 else []) for s in range(20)]
)
def test_searching_a_damaged_file_never_crashes(tmp_path: Path, seed: int) -> None:
    run = subprocess.run(
        [sys.executable, str(CRASH_TRIAL), str(tmp_path), str(seed)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) > 0, "the trial never came upon damage, so that it proved nothing"


def test_rows_that_point_outside_are_an_error_not_a_silent_miss(index: Path) -> None:
    whole = bytearray(index.read_bytes())
    offset, length = sections(bytes(whole[:HEADER]))[1]
    many = np.frombuffer(bytes(whole[offset : offset + length]), np.uint64) >> np.uint64(63)
    position = int(np.flatnonzero(many)[0])
    struct.pack_into("<Q", whole, offset + 8 * position, 2**63 | 12345678)
    index.write_bytes(whole)
    snapshot: Any = _hamming.Snapshot.open(str(index), KEY)
    with pytest.raises(errors.IndexDamaged, match="rows"):
        snapshot.search(np.zeros((1, 32), np.uint8), 256, 1 << 40)
