"""One read of a file gives the three digests that hashlib gives, whatever its size."""

from __future__ import annotations

import hashlib
import os
import threading

import pytest

from safelight.signals import digest as digest_module
from safelight.signals.digest import BLOCK, digest
from safelight.types import Part, Signal


@pytest.mark.parametrize("size", [0, 1, 4095, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 5 * BLOCK + 12_345])
def test_digests_are_those_of_hashlib(size, tmp_path):
    content = os.urandom(size)
    file = tmp_path / "file"
    file.write_bytes(content)
    with file.open("rb", buffering=0) as opened:
        found = digest(opened.fileno())
    assert found.size == size
    for name in ("md5", "sha1", "sha256"):
        assert getattr(found, name) == hashlib.new(name, content).hexdigest()


def test_the_shared_offset_is_neither_used_nor_moved(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"abc")
    with file.open("rb", buffering=0) as opened:
        opened.seek(2)
        assert digest(opened.fileno()).md5 == "900150983cd24fb0d6963f7d28e17f72"
        assert opened.tell() == 2


def test_reads_that_give_less_than_asked(tmp_path, monkeypatch):
    content = os.urandom(100_000)
    file = tmp_path / "file"
    file.write_bytes(content)
    pread = os.pread
    monkeypatch.setattr(digest_module.os, "pread", lambda fd, n, at: pread(fd, min(n, 33_333), at))
    with file.open("rb", buffering=0) as opened:
        assert digest(opened.fileno()).sha256 == hashlib.sha256(content).hexdigest()


def test_a_failing_read_is_raised_and_leaves_no_thread(tmp_path, monkeypatch):
    file = tmp_path / "file"
    file.write_bytes(bytes(3 * BLOCK))
    pread = os.pread

    def fail_later(fd: int, n: int, at: int) -> bytes:
        if at > BLOCK:
            raise OSError(5, "Input/output error")
        return pread(fd, n, at)

    monkeypatch.setattr(digest_module.os, "pread", fail_later)
    threads = threading.active_count()
    with file.open("rb", buffering=0) as opened, pytest.raises(OSError, match="Input/output"):
        digest(opened.fileno())
    assert threading.active_count() == threads


def test_a_directory_is_an_os_error(tmp_path):
    fd = os.open(tmp_path, os.O_RDONLY)
    try:
        with pytest.raises(IsADirectoryError):
            digest(fd)
    finally:
        os.close(fd)


def test_as_signals(tmp_path):
    file = tmp_path / "empty"
    file.touch()
    part = Part(members=("a.zip",))
    with file.open("rb", buffering=0) as opened:
        signals = digest(opened.fileno()).signals(part)
    assert signals[0] == Signal("md5", "d41d8cd98f00b204e9800998ecf8427e", part=part)
    assert [each.type for each in signals] == ["md5", "sha1", "sha256"]
