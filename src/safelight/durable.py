"""Small private files that never exist half-written and outlive a power cut."""

from __future__ import annotations

import os
from pathlib import Path


def write_draft(path: Path, text: str) -> Path:
    """Write text to a synced file beside a path, readable by this user only, and return where.

    The caller holds a lock, so a draft that is there already was left by a process that was killed.
    """
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    return draft


def replace_file(path: Path, text: str) -> None:
    """Put text in the place of a file in one step. The caller holds a lock."""
    write_draft(path, text).replace(path)
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Make what was created, renamed or removed in a directory durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
