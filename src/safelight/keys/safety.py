"""Is a key file safe where it lies? A key that others can read or replace seals nothing."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from safelight.errors import KeyUnsafe


def refuse_inside(path: Path, workspace: Path) -> None:
    """Raise :class:`~safelight.errors.KeyUnsafe` when the key would travel with the workspace's backups."""
    home = workspace.resolve()
    if path.resolve().is_relative_to(home) or _above(path, home):
        raise KeyUnsafe(
            f"The key file {path} lies inside the workspace {workspace}, so every backup of the workspace "
            "would hold its own key. Move the key file elsewhere and name it with --key-file or "
            "SAFELIGHT_KEY_FILE."
        )


def _above(path: Path, home: Path) -> bool:
    """Whether the path, before its last symbolic link is followed, lies in a directory."""
    return path.parent.resolve().is_relative_to(home)


def refuse_open_directories(path: Path) -> None:
    """Raise :class:`~safelight.errors.KeyUnsafe` when another user could put a key file of theirs here.

    Every directory above the file, and above what it is a symbolic link to, must belong to this user or to
    root and be writable by its owner only; a sticky directory such as ``/tmp`` may stand above them, because
    in it nobody can replace what belongs to others.
    """
    for directory in dict.fromkeys([*path.absolute().parents, *path.resolve().parents]):
        try:
            status = directory.stat()
        except FileNotFoundError:
            continue
        if status.st_uid not in (0, os.geteuid()):
            raise KeyUnsafe(
                f"The directory {directory} above the key file {path} belongs to another user (uid "
                f"{status.st_uid}), who could replace the key. Move the key file to a directory of your own."
            )
        if status.st_mode & 0o022 and not status.st_mode & stat.S_ISVTX:
            raise KeyUnsafe(
                f"Other users can write to {directory}, above the key file {path}, and could replace the "
                f"key. Run: chmod go-w {directory}"
            )


def refuse_shared_file(path: Path, status: os.stat_result) -> None:
    """Raise :class:`~safelight.errors.KeyUnsafe` when the open file is not this user's own secret."""
    if not stat.S_ISREG(status.st_mode):
        raise KeyUnsafe(f"The key file {path} is not a regular file. Put the key back in its place.")
    if status.st_uid not in (0, os.geteuid()):
        raise KeyUnsafe(
            f"The key file {path} belongs to another user (uid {status.st_uid}). "
            "Run Safelight as that user, or change its owner."
        )
    if status.st_mode & 0o077:
        raise KeyUnsafe(
            f"Other users can read or change the key file {path} (mode {stat.S_IMODE(status.st_mode):04o}). "
            f"Run: chmod 600 {path} - and consider `safelight keys rotate`, because they may have read it."
        )
