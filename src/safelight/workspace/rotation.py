"""Replaces a workspace's root key while others go on using it; killed at any point, it can be run again.

Five steps, each safe to be killed after: the key file gets a new primary; the database adopts it, in a new
epoch; ``workspace.toml`` names it; every row is sealed and tagged anew; the database strikes off the old key.
The old key stays in the key file until :func:`retire`, because backups made before still need it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from safelight.errors import UsageError
from safelight.keys import utc_now
from safelight.workspace.description import read_description, write_description
from safelight.workspace.lock import workspace_lock
from safelight.workspace.workspace import Workspace, key_check

_LOCK_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Rotation:
    """The key that seals now, the keys no longer needed, and whether an unfinished rotation was resumed."""

    current: str
    replaced: tuple[str, ...]
    resumed: bool


def unfinished(workspace: Workspace) -> bool:
    """Whether a rotation was begun and not finished."""
    use = workspace.store.key_use()
    described = read_description(workspace.directory).key_id
    return bool(use.former) or not workspace.keyring.primary_id == use.current == described


def rotate(
    workspace: Workspace,
    progress: Callable[[int], None] = lambda _rows: None,
    now: Callable[[], datetime] = utc_now,
) -> Rotation:
    """Rotate the root key, or finish a rotation that was interrupted.

    ``progress`` gets the rows looked at, batch by batch. Raises
    :class:`~safelight.errors.WorkspaceBusy` while another process rotates.
    """
    with workspace_lock(workspace.directory, _LOCK_SECONDS):
        resumed = unfinished(workspace)
        keyring = workspace.keyring if resumed else workspace.key_file.add_primary(now)
        new = keyring.primary_id
        workspace.store.adopt_key(new)
        description = read_description(workspace.directory)
        write_description(
            workspace.directory, replace(description, key_id=new, key_check=key_check(keyring, new))
        )
        workspace.store.reseal(progress)
        return Rotation(new, tuple(sorted(keyring.ids() - {new})), resumed)


def retire(workspace: Workspace) -> tuple[str, ...]:
    """Remove from the key file every key that this workspace no longer needs, and return their ids.

    Backups made before the rotation cannot be read afterwards. Raises
    :class:`~safelight.errors.UsageError` while a rotation is unfinished.
    """
    with workspace_lock(workspace.directory, _LOCK_SECONDS):
        if unfinished(workspace):
            raise UsageError(
                "A key rotation is not finished. Run `safelight keys rotate` to finish it first."
            )
        keyring = workspace.keyring
        unused = keyring.ids() - {keyring.primary_id}
        if unused:
            workspace.key_file.replace(keyring.without(unused))
        return tuple(sorted(unused))
