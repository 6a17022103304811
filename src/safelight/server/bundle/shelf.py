"""Where made bundles lie until they are fetched or their days are over: sealed files in the workspace."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final, TypeVar
from uuid import UUID

from django.conf import settings

from safelight.bundle.layout import SUFFIX
from safelight.durable import sync_directory

DIRECTORY: Final = "bundles"
_T = TypeVar("_T")


def place_of(bundle_id: UUID) -> Path:
    """Where the file of a bundle lies, whether it is there or not."""
    return _directory() / f"{bundle_id}{SUFFIX}"


def put(bundle_id: UUID, write: Callable[[BinaryIO], _T]) -> _T:
    """Write a bundle's file, durably there or not at all; what an earlier attempt left is replaced."""
    directory, path = _directory(), place_of(bundle_id)
    directory.mkdir(mode=0o700, exist_ok=True)
    draft = path.with_suffix(".part")
    with suppress(FileNotFoundError):
        draft.unlink()
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(fd, "wb") as file:
            written = write(file)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        draft.unlink()
        raise
    draft.replace(path)
    sync_directory(directory)
    return written


def remove(bundle_id: UUID) -> None:
    """Remove a bundle's file, if it is there."""
    with suppress(FileNotFoundError):
        place_of(bundle_id).unlink()
        sync_directory(_directory())


def _directory() -> Path:
    workspace: Path = settings.CONFIG.workspace
    return workspace / DIRECTORY
