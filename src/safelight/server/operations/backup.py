"""`safelight backup`: the workspace and its database as one whole, never the root key.

The database is copied before the evidence. A row is committed only after its object is stored, so every
object that the copied rows name is there to be copied. What was destroyed in between stays destroyed, because
a restore replays the log of destructions, which is never part of a backup.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

from safelight.durable import sync_directory
from safelight.keys import utc_now
from safelight.server.config import Config
from safelight.server.operations.backup_manifest import BackupError, Manifest, described, files_below
from safelight.server.operations.database_copy import POSTGRES_FILE, SQLITE_FILE, copy_sqlite, dump_postgres
from safelight.server.operations.steps import Progress, Steps, silently
from safelight.server.vault.stores import DIRECTORY
from safelight.workspace.description import FILE_NAME as DESCRIPTION
from safelight.workspace.description import LOCAL, read_description
from safelight.workspace.workspace import LISTS_FILE

Evidence = Literal["copied", "referenced"]

_SETTINGS: Final = ("server.toml", "policy.toml")
_HIDDEN: Final = "."
_FEW: Final = 10
"""Databases and settings, each read twice."""


def make_backup(config: Config, target: Path, evidence: Evidence, progress: Progress = silently) -> Manifest:
    """Back a workspace up into a new directory. It has its name only once it is whole and was read again.

    ``progress`` gets how many steps are done of how many: each file is copied, read and read again.

    Raises :class:`~safelight.errors.WorkspaceError` and :class:`BackupError`.
    """
    description = read_description(config.workspace)
    if evidence == "copied" and config.evidence_url:
        raise BackupError(
            "Evidence in a bucket is not copied: use the bucket's own versions or replication, and "
            "--evidence referenced."
        )
    draft = _draft(config, target)
    objects = sum(1 for _ in files_below(config.workspace / DIRECTORY)) if evidence == "copied" else 0
    step = Steps(progress, 3 * objects + _FEW)
    try:
        for name in (DESCRIPTION, *_SETTINGS):
            if (config.workspace / name).is_file():
                copy_file(config.workspace / name, draft / name)
        if description.lists == LOCAL:
            copy_sqlite(config.workspace / LISTS_FILE, draft / LISTS_FILE)
        database = _copy_database(config, draft)
        if evidence == "copied":
            copy_objects(config.workspace / DIRECTORY, draft / DIRECTORY, step)
        manifest = Manifest(
            workspace=description.id,
            root_key=description.key_id,
            made_at=utc_now(),
            database=database,
            evidence=evidence,
            evidence_at=config.evidence_url or str(config.workspace / DIRECTORY),
            files=tuple(step.after(described(draft, path)) for path in files_below(draft)),
        )
        manifest.write(draft)
        manifest.verify(draft, step)
        for directory in (draft, *(path for path in draft.rglob("*") if path.is_dir())):
            sync_directory(directory)
        draft.rename(target)
    except BaseException as error:
        shutil.rmtree(draft, ignore_errors=True)
        if isinstance(error, OSError):
            raise BackupError(
                f"The backup {target} cannot be written: {error.strerror}. Check that its disk is there and "
                "has room. Nothing of it was left."
            ) from None
        raise
    sync_directory(target.parent)
    return manifest


def _draft(config: Config, target: Path) -> Path:
    if target.exists() or target.is_symlink():
        raise BackupError(f"{target} is there already. Give the backup a new name; nothing was changed.")
    if target.resolve().is_relative_to(config.workspace.resolve()):
        raise BackupError(f"{target} lies inside the workspace. Choose a place outside, on another disk.")
    draft = target.with_name(f".{target.name}.new")
    try:
        # Left behind by a backup that was killed.
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
    except OSError as error:
        raise BackupError(f"{target} cannot be made: {error.strerror}.") from None
    return draft


def _copy_database(config: Config, draft: Path) -> Literal["none", "sqlite", "postgresql"]:
    if config.database_url:
        dump_postgres(config, draft / POSTGRES_FILE)
        return "postgresql"
    if not (config.workspace / SQLITE_FILE).exists():
        return "none"
    copy_sqlite(config.workspace / SQLITE_FILE, draft / SQLITE_FILE)
    return "sqlite"


def copy_objects(source: Path, target: Path, step: Callable[[], None]) -> None:
    """Copy every sealed object that has its name; one destroyed meanwhile is not missed."""
    target.mkdir(mode=0o700)
    for directory in sorted(path for path in source.glob("*") if path.is_dir()) if source.is_dir() else ():
        (target / directory.name).mkdir(mode=0o700)
        for path in sorted(directory.iterdir()):
            if path.name.startswith(_HIDDEN):
                continue
            try:
                _copy_object(path, target / directory.name / path.name)
                step()
            except FileNotFoundError:
                (target / directory.name / path.name).unlink(missing_ok=True)


def _copy_object(source: Path, target: Path) -> None:
    if not stat.S_ISREG(source.lstat().st_mode):
        raise BackupError(f"{source} is not a sealed object. Run `safelight vault check`.")
    copy_file(source, target)


def copy_file(source: Path, target: Path) -> None:
    """A copy that only this user can read, in a place where nothing was."""
    with source.open("rb") as reading, target.open("xb") as writing:
        os.fchmod(writing.fileno(), 0o600)
        shutil.copyfileobj(reading, writing, 1 << 20)
