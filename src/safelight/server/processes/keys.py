"""The one place that opens the root key: hands out parts of the ring, and survives its key file's absence."""

from __future__ import annotations

import contextlib

from safelight.errors import RootKeyError
from safelight.server.processes.programs import Program
from safelight.server.secrets import ProcessKeys
from safelight.workspace import Workspace


class KeyKeeper:
    """Reads the key file again at each start of a process; keeps what it had when that fails."""

    def __init__(self, workspace: Workspace) -> None:
        """Take the ring of a workspace, which has proven that it is the right one."""
        self._mark: tuple[int, int, int] | None = None
        self._file = workspace.key_file
        self._ring = workspace.keyring

    def primary(self) -> str:
        """The id of the root key that seals now; reads the key file again only when it was replaced."""
        with contextlib.suppress(OSError, RootKeyError):
            found = self._file.path.stat()
            mark = (found.st_ino, found.st_mtime_ns, found.st_size)
            if mark != self._mark:
                self._ring = self._file.load()
                self._mark = mark
        return self._ring.primary_id

    def __call__(self, program: Program) -> ProcessKeys:
        """The keys for one process."""
        # Taken away while serving, with the stick it is on perhaps: what was opened serves on.
        with contextlib.suppress(RootKeyError):
            self._ring = self._file.load()
        return ProcessKeys.of(self._ring, program.purposes)
