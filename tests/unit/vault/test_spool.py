"""An upload waits in memory or in a file without a name, and ends with the process that holds it."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from safelight.errors import SpoolTooLarge, StoreFull, StoreUnavailable
from safelight.vault.spool import Spool


@pytest.mark.parametrize("size", [0, 1, 99, 100, 101, 100_000])
def test_what_was_written_is_read(tmp_path: Path, size: int) -> None:
    content = bytes(i % 251 for i in range(size))
    with Spool(tmp_path, in_memory=100) as spool:
        spool.write_all(content[i : i + 37] for i in range(0, size, 37))
        assert spool.size == size
        assert os.pread(spool.fd, size + 1, 0) == content
        assert os.read(spool.fd, size + 1) == content
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [50, 500])
def test_nothing_has_a_name_while_it_waits(tmp_path: Path, size: int) -> None:
    with Spool(tmp_path, in_memory=100) as spool:
        spool.write(bytes(size))
        assert list(tmp_path.iterdir()) == []
        assert os.fstat(spool.fd).st_nlink == 0


def test_in_memory_nobody_can_change_a_finished_upload(tmp_path: Path) -> None:
    with Spool(tmp_path) as spool:
        spool.write_all([b"content"])
        with pytest.raises(PermissionError):
            os.pwrite(spool.fd, b"x", 0)
        with pytest.raises(PermissionError):
            os.ftruncate(spool.fd, 0)


def test_an_upload_over_the_limit_is_refused(tmp_path: Path) -> None:
    with Spool(tmp_path, limit=10) as spool:
        spool.write(bytes(10))
        with pytest.raises(SpoolTooLarge, match="10 bytes"):
            spool.write(b"x")


def test_a_file_system_without_nameless_files_is_refused_not_worked_around() -> None:
    with Spool(Path("/proc"), in_memory=0) as spool, pytest.raises(StoreUnavailable, match="O_TMPFILE"):
        spool.write(b"x")


def test_a_disk_without_room_says_so(tmp_path: Path) -> None:
    with Spool(tmp_path, in_memory=0) as spool:
        os.close(spool.fd)
        spool._on_disk = True
        spool.fd = os.open("/dev/full", os.O_WRONLY)
        with pytest.raises(StoreFull, match="No room"):
            spool.write(b"x")


def test_closing_twice_is_no_error(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.close()
    spool.close()


def test_a_crash_writes_no_core_dump(tmp_path: Path) -> None:
    script = """
import ctypes, os, resource, signal
from safelight.vault.spool import forbid_core_dumps
forbid_core_dumps()
assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)
assert ctypes.CDLL(None).prctl(3, 0, 0, 0, 0) == 0  # PR_GET_DUMPABLE
os.kill(os.getpid(), signal.SIGSEGV)
"""
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    try:
        done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, check=False)
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))
    assert done.returncode == -signal.SIGSEGV, done.stderr
    assert list(tmp_path.iterdir()) == []
