"""`safelight restore`: a backup back to an empty place, with what was destroyed since destroyed again.

The lists begin a new epoch at the next start, from which every index is rebuilt. Nothing is served before the
log of destructions was replayed: here for the bytes, by the first start for the keys.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from safelight.durable import sync_directory
from safelight.server.config import Config
from safelight.server.operations.backup import copy_file
from safelight.server.operations.backup_manifest import BackupError, Manifest, read_manifest
from safelight.server.operations.database_copy import POSTGRES_FILE, restore_postgres
from safelight.server.operations.steps import Progress, Steps, silently
from safelight.server.processes.list_store import RESTORED
from safelight.server.vault.stores import DIRECTORY, destruction_log_path
from safelight.vault.destruction import DestructionLog
from safelight.vault.stores.local import LocalStore

_ALLOWED: Final = frozenset({"server.toml"})
"""What an operator may have put into the new workspace: settings, such as the database's address."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore found: the backup's manifest, and how many objects it had to destroy again."""

    manifest: Manifest
    destroyed_again: int


def restore_backup(config: Config, source: Path, progress: Progress = silently) -> Restored:
    """Restore into ``config.workspace``, which must not hold a workspace. All or nothing.

    Raises :class:`BackupError`, and :class:`~safelight.errors.DestructionLogDamaged` where evidence is
    restored without the log of destructions.
    """
    manifest = read_manifest(source)
    _refuse_live(config)
    if manifest.database == "postgresql" and not config.database_url:
        raise BackupError("This backup is of a PostgreSQL database. Set database_url to an empty one.")
    if manifest.database == "sqlite" and config.database_url:
        raise BackupError("This backup is of an SQLite database. Leave database_url empty.")
    step = Steps(progress, 3 * len(manifest.files))
    manifest.verify(source, step)
    draft = config.workspace.with_name(f".{config.workspace.name}.restoring")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        draft.mkdir(mode=0o700, parents=True)
        for file in manifest.files:
            if file.path != POSTGRES_FILE:
                _bring_back(source / file.path, draft / file.path)
                step()
        manifest.model_copy(
            update={"files": tuple(f for f in manifest.files if f.path != POSTGRES_FILE)}
        ).verify(draft, step)
        destroyed = _destroy_again(config, manifest, draft)
        if manifest.database == "postgresql":
            restore_postgres(config, source / POSTGRES_FILE)
        (draft / RESTORED).touch(0o600)
        _put_in_place(config, draft)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return Restored(manifest, destroyed)


def _refuse_live(config: Config) -> None:
    if not config.workspace.exists():
        return
    present = sorted(path.name for path in config.workspace.iterdir())
    if set(present) - _ALLOWED:
        raise BackupError(
            f"{config.workspace} is not empty (it holds {present[0]}). A backup is never restored onto a "
            "workspace: move that directory away, or name another with --workspace. Nothing was changed."
        )


def _bring_back(source: Path, target: Path) -> None:
    for parent in reversed(target.relative_to(target.anchor).parents):
        (Path(target.anchor) / parent).mkdir(mode=0o700, exist_ok=True)
    copy_file(source, target)


def _destroy_again(config: Config, manifest: Manifest, draft: Path) -> int:
    """Of the bytes just copied, those that were destroyed since; evidence needs the log to be there.

    What stays in its bucket is destroyed again by the first start, together with the keys.
    """
    copied = any(file.path.startswith(f"{DIRECTORY}/") for file in manifest.files)
    if not copied and manifest.evidence == "copied":
        return 0
    log = set(DestructionLog(destruction_log_path(config), backed_up=config.workspace))
    if not copied:
        return 0
    store = LocalStore(draft / DIRECTORY)
    held = set(store.ids())
    destroyed = 0
    for object_id in log:
        if object_id in held:
            store.delete(object_id)
            destroyed += 1
    return destroyed


def _put_in_place(config: Config, draft: Path) -> None:
    told = config.workspace / "server.toml"
    if told.exists():
        (draft / "server.toml").unlink(missing_ok=True)
        copy_file(told, draft / "server.toml")
        shutil.rmtree(config.workspace)
    elif config.workspace.exists():
        config.workspace.rmdir()
    draft.rename(config.workspace)
    sync_directory(config.workspace.parent)
