"""Opens a workspace for a command: its lists are asked for where they are kept, here or by its server."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from safelight.errors import UsageError, WorkspaceError
from safelight.keys import KeyFile, Purpose
from safelight.workspace import Workspace

if TYPE_CHECKING:
    from safelight.server.lists.terminal import TerminalListStore

_PURPOSES: Final = frozenset(
    {
        Purpose.LIST_VALUE_SEAL,
        Purpose.LIST_VALUE_LOOKUP,
        Purpose.INDEX_LAYOUT,
        Purpose.RECORD_SEAL,
        Purpose.RECORD_LOOKUP,
        Purpose.LEDGER_PSEUDONYM,
    }
)


def open_workspace(workspace: Path | None, key_file: Path | None) -> Workspace:
    """Open a workspace. Raises as :meth:`~safelight.workspace.Workspace.open` does."""
    return Workspace.open(workspace, key_file=key_file, server_store=_server_store)


def open_or_make(workspace: Path | None, key_file: Path | None) -> Workspace:
    """The workspace; where there is none, a new one, with a word on what to do with its root key."""
    opened, made = Workspace.open_or_create(workspace, key_file=key_file, server_store=_server_store)
    if made:
        click.echo(
            f"Made a workspace at {opened.directory}.\nIts root key is {opened.key_file.path}. Keep a "
            "copy of that file in a safe place, apart from backups of the workspace.",
            err=True,
        )
    return opened


def for_the_server(workspace: Workspace, own: bool, reason: str) -> Callable[[], Iterable[str]]:
    """Tell the server's store what local ones have no use for; what it has to say after the import."""
    if workspace.local is not None:
        if own:
            raise UsageError("Own lists take two people, and so a server: start `safelight serve` first.")
        return tuple
    store = workspace.store  # sets Django up, which the import needs
    from safelight.server.lists.terminal import TerminalListStore  # noqa: PLC0415

    assert isinstance(store, TerminalListStore)
    store.own, store.reason = own, reason or store.reason
    return store.notes


def _server_store(directory: Path, key_file: KeyFile) -> TerminalListStore:
    try:
        from safelight.server import by_hand  # noqa: PLC0415 - the server's packages are an extra
    except ModuleNotFoundError as error:
        raise WorkspaceError(
            f"The lists of {directory} are kept by its server, which is not installed here ({error.name} is "
            'missing). Install it with: pip install "safelight[server]"'
        ) from error
    by_hand.set_up(directory, key_file.path, _PURPOSES)
    from django.db import DatabaseError  # noqa: PLC0415 - needs that set-up

    from safelight.server.lists.terminal import TerminalListStore  # noqa: PLC0415

    try:
        return TerminalListStore(key_file)
    except DatabaseError as error:
        raise WorkspaceError(
            f"The server's database cannot be asked for the lists: {str(error).strip().splitlines()[0]}. "
            "Check database_url, and that `safelight serve` has run with this version."
        ) from error
