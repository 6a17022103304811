"""A workspace: one directory with the hash lists and what is derived from them, its root key elsewhere."""

from __future__ import annotations

from safelight.workspace.rotation import Rotation, retire, rotate, unfinished
from safelight.workspace.workspace import WORKSPACE_VARIABLE, Workspace, default_directory

__all__ = [
    "WORKSPACE_VARIABLE",
    "Rotation",
    "Workspace",
    "default_directory",
    "retire",
    "rotate",
    "unfinished",
]
