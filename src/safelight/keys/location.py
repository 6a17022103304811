"""Where the root key of a workspace is looked for, in which order, and why there."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import platformdirs

KEY_FILE_VARIABLE: Final = "SAFELIGHT_KEY_FILE"
KEY_DIRECTORY_VARIABLE: Final = "SAFELIGHT_KEYS"


@dataclass(frozen=True, slots=True)
class KeyLocation:
    """A key file's path and, for messages, who chose it."""

    path: Path
    chosen_by: str


def locate(workspace: str, explicit: Path | None = None) -> KeyLocation:
    """The one place where the key of a workspace is expected; the first of these that is set wins.

    The option, then ``SAFELIGHT_KEY_FILE``, then ``SAFELIGHT_KEYS`` (a directory), then the user's
    configuration directory.
    """
    name = f"{workspace}.toml"
    if explicit is not None:
        return KeyLocation(explicit, "given as the key file")
    if file := os.environ.get(KEY_FILE_VARIABLE):
        return KeyLocation(Path(file), f"the environment variable {KEY_FILE_VARIABLE} says so")
    if directory := os.environ.get(KEY_DIRECTORY_VARIABLE):
        return KeyLocation(
            Path(directory) / name, f"the environment variable {KEY_DIRECTORY_VARIABLE} says so"
        )
    default = Path(platformdirs.user_config_dir("safelight", appauthor=False)) / "keys" / name
    return KeyLocation(default, "the usual place for this user")
