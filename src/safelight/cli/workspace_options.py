"""The options of every command that uses a workspace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from safelight.workspace import Workspace

Command = TypeVar("Command", bound=Callable[..., object])


def workspace_option(command: Command) -> Command:
    """Add ``--workspace``, passed as ``workspace`` (``Path`` or None)."""
    return click.option(
        "--workspace",
        type=click.Path(path_type=Path, file_okay=False),
        help="The workspace, if it is not the usual one (SAFELIGHT_WORKSPACE).",
    )(command)


def workspace_options(command: Command) -> Command:
    """Add ``--workspace`` and ``--key-file``, passed as ``workspace`` and ``key_file`` (``Path`` or None)."""
    key_file = click.option(
        "--key-file",
        type=click.Path(path_type=Path, dir_okay=False),
        help="The workspace's root key, if not in the usual place (SAFELIGHT_KEY_FILE, SAFELIGHT_KEYS).",
    )
    return workspace_option(key_file(command))


def open_or_make(workspace: Path | None, key_file: Path | None) -> Workspace:
    """The workspace; where there is none, a new one, with a word on what to do with its root key."""
    opened, made = Workspace.open_or_create(workspace, key_file=key_file)
    if made:
        click.echo(
            f"Made a workspace at {opened.directory}.\nIts root key is {opened.key_file.path}. Keep a "
            "copy of that file in a safe place, apart from backups of the workspace.",
            err=True,
        )
    return opened
