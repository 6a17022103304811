"""The options of every command that uses a workspace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

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
