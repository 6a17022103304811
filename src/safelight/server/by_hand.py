"""Django's set-up for a command that somebody starts by hand, with the root key that they hold."""

from __future__ import annotations

import hmac
import os
from collections.abc import Iterable
from pathlib import Path

import django
from django.conf import settings

from safelight.errors import KeyMismatch, UsageError
from safelight.keys import KeyFile, Purpose, locate
from safelight.server.secrets import KEYS_VARIABLE, ProcessKeys
from safelight.workspace import WORKSPACE_VARIABLE, default_directory
from safelight.workspace.description import read_description
from safelight.workspace.workspace import key_check


def set_up(workspace: Path | None, key_file: Path | None, purposes: Iterable[Purpose]) -> None:
    """Make this process one of the server's, with the subkeys of these purposes; once a process.

    Raises :class:`~safelight.errors.UsageError` where there is no server's database yet, besides what opening
    a workspace raises.
    """
    directory = workspace or default_directory()
    description = read_description(directory)
    source = KeyFile(locate(description.id, key_file), description.id, directory)
    ring = source.load()
    if not hmac.compare_digest(key_check(ring, description.key_id), description.key_check):
        raise KeyMismatch(
            f"The root key at {source.path} is not that of the workspace {directory}. Restore the key file."
        )
    keys = ProcessKeys.of(ring, {Purpose.DJANGO_SECRET, *purposes})
    os.environ[KEYS_VARIABLE] = str(keys.to_memory())
    os.environ[WORKSPACE_VARIABLE] = str(directory)
    os.environ["DJANGO_SETTINGS_MODULE"] = "safelight.server.settings"
    django.setup()
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3") and not Path(database["NAME"]).exists():
        raise UsageError(f"The workspace {directory} has no server's database. `safelight serve` makes one.")
