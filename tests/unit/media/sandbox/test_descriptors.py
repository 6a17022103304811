"""Nothing that could be written through reaches a decoder."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from safelight.errors import UsageError
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.descriptors import sealed_memfd, size_of_safe_file
from safelight.media.sandbox.limits import Limits
from safelight.types import UnscannedReason


def test_a_sealed_memory_file_holds_its_bytes_and_takes_no_others() -> None:
    data = os.urandom(100_000)
    fd = sealed_memfd(data)
    try:
        assert os.pread(fd, 200_000, 0) == data
        assert size_of_safe_file(fd) == len(data)
        assert not os.get_inheritable(fd)
        for change in (
            lambda: os.pwrite(fd, b"x", 0),
            lambda: os.ftruncate(fd, 0),
            lambda: os.ftruncate(fd, 200_000),
            lambda: fcntl.fcntl(fd, fcntl.F_ADD_SEALS, 0),
        ):
            with pytest.raises(PermissionError):
                change()
    finally:
        os.close(fd)


def test_a_partly_sealed_memory_file_is_not_safe() -> None:
    fd = os.memfd_create("x", os.MFD_ALLOW_SEALING)
    try:
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK)
        with pytest.raises(UsageError, match="open for writing"):
            size_of_safe_file(fd)
    finally:
        os.close(fd)


def test_a_file_above_the_limit_starts_no_decoder(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(b"x" * 11)
    fd = os.open(path, os.O_RDONLY)
    try:
        with Sandbox(limits=Limits(max_file_bytes=10)) as sandbox:
            reply = sandbox.decode("image", fd)
            assert sandbox.pids() == {}
        assert [p.reason for p in reply.problems] == [UnscannedReason.TOO_LARGE]
    finally:
        os.close(fd)
