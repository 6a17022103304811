"""One index writer a node: a lock that the kernel drops when its holder dies, and that says who holds it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from safelight.errors import WorkspaceBusy
from safelight.matching.writing import explained


class WriterLock:
    """Holds ``LOCK`` in an index directory until closed.

    Waits up to ``timeout`` seconds; raises :class:`WorkspaceBusy` naming the holder,
    :class:`~safelight.errors.IndexNotWritten` when the directory cannot be written.
    """

    def __init__(self, directory: Path, timeout: float = 0.0) -> None:
        path = directory / "LOCK"
        with explained(path):
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._acquire(directory, time.monotonic() + timeout)
        except BaseException:
            self.close()
            raise
        # Who holds it is a courtesy: on a full disk the lock itself still holds.
        with contextlib.suppress(OSError):
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, _holder(), 0)

    def _acquire(self, directory: Path, deadline: float) -> None:
        while True:
            try:
                fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() < deadline:
                    time.sleep(0.02)
                    continue
                raise WorkspaceBusy(
                    f"{_describe(os.pread(self._fd, 4096, 0))} is writing the indexes in {directory}. "
                    "Searching still works; wait for it to finish, or stop it, and try again."
                ) from None
            return

    def close(self) -> None:
        """Let the next writer in."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _holder() -> bytes:
    command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:2]])
    since = datetime.now(UTC).isoformat(timespec="seconds")
    holder = {"pid": os.getpid(), "host": os.uname().nodename, "command": command, "since": since}
    return json.dumps(holder).encode()


def _describe(content: bytes) -> str:
    try:
        holder = json.loads(content)
        who = f"Process {int(holder['pid'])} ({holder['command']}) on {holder['host']}"
        return f"{who}, since {holder['since']},"
    except (ValueError, KeyError, TypeError):
        return "Another process"
