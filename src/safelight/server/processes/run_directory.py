"""Where the processes of one server meet: sockets, and what the supervisor says about itself.

The path is short, because a Unix socket's may have 107 bytes, and the same at every start, so that what a
killed server leaves behind is taken over by the next.
"""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path
from typing import Final

from safelight.errors import WorkspaceError
from safelight.server.vault.client import run_path

SANDBOX: Final = "sandbox"
METRICS: Final = "metrics"
BEATS: Final = "beats"
COUNTED: Final = ("counter", "histogram")
"""The kinds of metrics that processes count; each has a file of each process (prometheus_client)."""
COUNTS_BYTES: Final = 1 << 20
"""Room for some four thousand series, several times as many as the routes make."""


def make_run_directory(workspace_id: str) -> Path:
    """The run directory of a workspace, mode 0700, made when absent.

    Raises :class:`~safelight.errors.WorkspaceError` where another user has taken its name.
    """
    parent = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
    # The last digits of a UUIDv7 are random; the first are the time.
    directory = parent / f"safelight-{os.geteuid()}-{workspace_id[-12:]}"
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        status = directory.lstat()
        ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o077
        if not ours:
            raise WorkspaceError(
                f"{directory} belongs to somebody else or is open to others. Remove it, or set "
                "XDG_RUNTIME_DIR to a directory of your own."
            )
        for name in (SANDBOX, METRICS, BEATS):
            (directory / name).mkdir(mode=0o700, exist_ok=True)
        for left_behind in (directory / METRICS).iterdir():
            left_behind.unlink()
    except OSError as error:
        raise WorkspaceError(f"The run directory {directory} cannot be made: {error.strerror}.") from None
    return directory


def reserve_counts(run: Path, process: str) -> None:
    """Make room for what a process counts: it writes through a mapping, and a full disk would end it.

    Raises :class:`~safelight.errors.WorkspaceError` where there is none.
    """
    try:
        for kind in COUNTED:
            descriptor = os.open(run / METRICS / f"{kind}_{process}.db", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                os.posix_fallocate(descriptor, 0, COUNTS_BYTES)
            finally:
                os.close(descriptor)
    except OSError as error:
        raise WorkspaceError(
            f"The run directory {run} has no room for counts: {error.strerror}. Free or add space."
        ) from None


def run_directory() -> Path:
    """The run directory of the server that this process belongs to."""
    return run_path()
