"""One at a time: creating a workspace and changing its keys; reading and importing need no such lock."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from safelight.errors import WorkspaceBusy


@contextlib.contextmanager
def workspace_lock(directory: Path, wait: float) -> Iterator[None]:
    """Hold the lock of a workspace; the system drops it when the process dies.

    Waits at most ``wait`` seconds. Raises :class:`~safelight.errors.WorkspaceBusy`.
    """
    descriptor = os.open(directory / "workspace.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise WorkspaceBusy(
                        f"Another process is creating the workspace {directory} or changing its keys. "
                        "Wait for it to finish and repeat."
                    ) from None
                time.sleep(0.02)
        yield
    finally:
        os.close(descriptor)
