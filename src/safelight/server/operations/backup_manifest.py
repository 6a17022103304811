"""What a backup says about itself: whose it is, which key it needs, and a digest of every file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from safelight.durable import replace_file
from safelight.errors import WorkspaceError, WorkspaceTooNew

FILE_NAME: Final = "backup.json"
FORMAT: Final = 1
_PIECE: Final = 1 << 20


class BackupError(WorkspaceError):
    """A backup cannot be made, or is not whole; the message says what to do."""


class BackedUpFile(BaseModel):
    """One file of a backup; ``path`` is relative to it, ``size`` in bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    size: int
    sha256: str


class Manifest(BaseModel):
    """The list of a backup's files, written last: a backup without it is none.

    ``root_key`` is the id of the key that opens it; the key itself is never in a backup. ``evidence`` says
    whether sealed objects are in it (``copied``) or stay where ``evidence_at`` says.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = FORMAT
    workspace: str
    root_key: str
    made_at: datetime
    database: Literal["none", "sqlite", "postgresql"]
    evidence: Literal["copied", "referenced"]
    evidence_at: str
    files: tuple[BackedUpFile, ...]

    def write(self, directory: Path) -> None:
        """Put it into the backup, durably."""
        replace_file(directory / FILE_NAME, self.model_dump_json(indent=1) + "\n")

    def verify(self, directory: Path, step: Callable[[], None] = lambda: None) -> None:
        """Read every file again. Raises :class:`BackupError` for one that is missing, new or altered."""
        present = {str(path.relative_to(directory)) for path in files_below(directory)} - {FILE_NAME}
        named = {file.path for file in self.files}
        if stray := sorted(present ^ named):
            raise BackupError(
                f"The backup {directory} is not whole: {stray[0]} is missing or does not belong."
            )
        for file in self.files:
            if described(directory, directory / file.path) != file:
                raise BackupError(f"The backup {directory} is damaged: {file.path} was altered. Use another.")
            step()


def read_manifest(directory: Path) -> Manifest:
    """The manifest of a backup. Raises :class:`BackupError`."""
    try:
        manifest = Manifest.model_validate_json((directory / FILE_NAME).read_bytes())
    except OSError:
        raise BackupError(
            f"{directory} is not a backup: it has no {FILE_NAME}. Name one that `safelight backup` made."
        ) from None
    except ValidationError:
        raise BackupError(f"{directory / FILE_NAME} is damaged. Use another backup.") from None
    if manifest.format > FORMAT:
        raise WorkspaceTooNew(f"The backup {directory} was made by a newer Safelight. Upgrade to restore it.")
    return manifest


def described(directory: Path, path: Path) -> BackedUpFile:
    """A file as the manifest names it, read to its end and made durable."""
    digest = hashlib.sha256()
    size = 0
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        while piece := os.read(descriptor, _PIECE):
            digest.update(piece)
            size += len(piece)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return BackedUpFile(path=str(path.relative_to(directory)), size=size, sha256=digest.hexdigest())


def files_below(directory: Path) -> Iterator[Path]:
    """Every file, in order."""
    return (path for path in sorted(directory.rglob("*")) if not path.is_dir())
