"""What writing evidence needs beside :mod:`safelight.durable`: whole pieces, and private directories."""

from __future__ import annotations

import os
from pathlib import Path

from safelight.durable import sync_directory


def write_all(fd: int, piece: bytes) -> None:
    """Write every byte; ``os.write`` may take fewer."""
    rest = memoryview(piece)
    while rest:
        rest = rest[os.write(fd, rest) :]


def make_directory(path: Path) -> None:
    """Create a directory of mode 0700 unless it is there; another process may be doing the same."""
    if not path.is_dir():
        path.mkdir(mode=0o700, exist_ok=True)
        sync_directory(path.parent)
