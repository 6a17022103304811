"""Where the places of long videos are kept, so that a job that was killed does not begin them anew.

A place holds hashes of frames in the clear. It lies in the run directory, readable by this user alone, is
gone when the video has been looked at, and is forgotten a day after nobody went on with it.
"""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final

from safelight.server.processes.run_directory import run_directory
from safelight.server.vault.errors import VaultUnreachable

KEPT_FOR: Final = timedelta(days=1)


def places() -> Path:
    """The directory of this server's bookmarks, which is there while there are any."""
    return run_directory() / "videos"


def forget_places() -> None:
    """Remove what nobody has added to for :data:`KEPT_FOR`."""
    before = time.time() - KEPT_FOR.total_seconds()
    # No server, no directory, or a look that has just ended.
    with suppress(VaultUnreachable, OSError):
        for place in places().iterdir():
            if place.lstat().st_mtime < before:
                place.unlink(missing_ok=True)
