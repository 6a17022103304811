"""Signs of life: a process that works touches a file of its own; one that does not for too long is hung.

Whoever looks compares what it saw with what it sees, by a clock of its own, so that a clock that is set back
or forward makes nobody hung.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from pathlib import Path
from typing import Final

from safelight.server.processes.run_directory import BEATS, run_directory

NAME_VARIABLE: Final = "SAFELIGHT_PROCESS"
SECONDS: Final = 2.0
"""How often a process that works says so, at least."""


class Beat:
    """What a process calls, at most every :data:`SECONDS`, in the course of its work."""

    def __init__(self) -> None:
        """Of this process; one that nobody watches beats in vain."""
        name = os.environ.get(NAME_VARIABLE)
        self._path = run_directory() / BEATS / name if name else None
        self._next = 0.0

    def __call__(self) -> None:
        """Still at work."""
        if self._path is None or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + SECONDS / 2
        # The supervisor made the file: on a disk that is full this works all the same.
        with contextlib.suppress(FileNotFoundError):
            os.utime(self._path)

    def from_a_thread(self) -> None:
        """Keep beating as long as this process runs Python at all: for work that may take any time."""

        def beat() -> None:
            while True:
                self()
                time.sleep(SECONDS)

        threading.Thread(target=beat, name="safelight-beat", daemon=True).start()


class Pulse:
    """One process's beats, as its supervisor sees them."""

    def __init__(self, path: Path, patience: float, at_start: float) -> None:
        """``patience`` and ``at_start`` (until the first beat) are in seconds."""
        self._path = path
        self._patience, self._at_start = patience, at_start
        self._made = self._seen = 0
        self._changed = time.monotonic()

    def reset(self) -> None:
        """It is started anew. Raises ``OSError`` where there is no room for its file."""
        self._path.touch(mode=0o600)
        self._made = self._seen = self._path.stat().st_mtime_ns
        self.excuse()

    def excuse(self) -> None:
        """Its silence until now is not its fault."""
        self._changed = time.monotonic()

    @property
    def beats(self) -> bool:
        """Whether it has come up."""
        return self._seen != self._made

    def silent(self) -> bool:
        """Whether it has said nothing for longer than it may; look often."""
        try:
            seen = self._path.stat().st_mtime_ns
        except FileNotFoundError:  # somebody tidied up
            self.reset()
            return False
        if seen != self._seen:
            self._seen = seen
            self.excuse()
        patience = self._patience if self.beats else self._at_start
        return time.monotonic() - self._changed > patience
