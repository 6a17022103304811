"""File systems of a few megabytes, made in memory where mounting is allowed, and filled to the last byte."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def small_disk(place: Path, size: str) -> Iterator[Path]:
    """Mount one over a directory. Skips the test where that is not allowed."""
    place.mkdir(mode=0o700, exist_ok=True)
    options = ["-t", "tmpfs", "-o", f"size={size},mode=0700"]
    if os.geteuid() != 0 or subprocess.run(["mount", *options, "tmpfs", place], check=False).returncode:
        pytest.skip("a small disk can only be made where mounting is allowed")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


@contextlib.contextmanager
def full(disk: Path) -> Iterator[None]:
    """Leave no byte of a disk free, for a while."""
    ballast = disk / "ballast"
    try:
        with ballast.open("wb", buffering=0) as filling, contextlib.suppress(OSError):
            while True:
                filling.write(bytes(1 << 20))
        with ballast.open("ab", buffering=0) as filling, contextlib.suppress(OSError):
            while True:
                filling.write(bytes(512))
        yield
    finally:
        ballast.unlink()
