"""Warm parents that several processes share: started first, before any thread, and reached by path."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import stat
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from safelight.errors import SandboxError
from safelight.media.sandbox.channel import Channel, spawn
from safelight.media.sandbox.families import FAMILIES, Family

PATIENCE: Final = 60.0
"""Seconds in which a warm parent has to answer: three times what the slowest of its children may take."""
_PING_SECONDS: Final = 2.0
_ASLEEP: Final = 5.0
_MAX_PATH = 107
"""Bytes of a Unix socket's path (``sun_path`` in unix(7), without its end)."""


class SandboxServer:
    """Serves each family on ``directory/<family>.sock``; clients are ``Sandbox(directory=directory)``.

    The directory must be ours and closed to others (it is made so when absent). Only this user and root are
    answered. The warm parents leave when this process ends, however it ends. Call :meth:`restart_dead` now
    and then to replace one that died; clients connect again by themselves.

    Raises :class:`~safelight.errors.SandboxError` where a directory or a program will not do.
    """

    def __init__(
        self, directory: Path, families: Iterable[Family] = FAMILIES, *, max_children: int = 64
    ) -> None:
        _make_private(directory)
        self._arguments = ("--max-children", str(max_children))
        self._listeners: dict[str, tuple[Family, socket.socket, Path]] = {}
        self._parents: dict[str, Channel] = {}
        self._pings: dict[str, _Ping] = {}
        try:
            for family in families:
                path = directory / f"{family.name}.sock"
                self._listeners[family.name] = (family, _listen(path), path)
            self.restart_dead()
        except BaseException:
            self.close()
            raise

    def restart_dead(self) -> tuple[str, ...]:
        """Start every parent that does not run; returns the names of those families."""
        started = []
        for name, (family, listener, _) in self._listeners.items():
            parent = self._parents.get(name)
            if parent is not None:
                if not parent.lost():
                    continue
                parent.close()
            self._parents[name] = spawn(family, *self._arguments, listener=listener)
            self._pings[name] = _Ping()
            started.append(name)
        return tuple(started)

    def end_hung(self) -> tuple[str, ...]:
        """Kill every parent that leaves a question unanswered for :data:`PATIENCE`; returns their families.

        Does not wait; call it often. :meth:`restart_dead` replaces them.
        """
        return tuple(name for name, parent in self._parents.items() if self._pings[name].hung(parent))

    def close(self) -> None:
        """Take the sockets away and let the parents go."""
        for _, listener, path in self._listeners.values():
            listener.close()
            path.unlink(missing_ok=True)
        for parent in self._parents.values():
            parent.close()
        self._listeners.clear()
        self._parents.clear()

    def __enter__(self) -> Self:
        """The server itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()


class _Ping:
    """A question now and then to one parent, which any that lives answers at once."""

    def __init__(self) -> None:
        self._answer: socket.socket | None = None
        self._asked = time.monotonic()
        self._looked = self._asked

    def hung(self, parent: Channel) -> bool:
        now = time.monotonic()
        if now - self._looked > _ASLEEP:
            self._asked = now  # this process was not running; the parent perhaps was not either
        self._looked = now
        if self._answer is None:
            if now - self._asked < _PING_SECONDS or parent.pid is None:
                return False
            self._asked = now
            with contextlib.suppress(OSError):
                self._answer = parent.ping(parent.fileno())
            return False
        if select.select([self._answer], [], [], 0)[0]:
            self._answer.close()
            self._answer = None
            return False
        if now - self._asked < PATIENCE or parent.pid is None:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(parent.pid, signal.SIGKILL)
        self._asked = now
        return True


def _make_private(directory: Path) -> None:
    directory.mkdir(mode=0o700, exist_ok=True)
    status = directory.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise SandboxError(f"{directory} must be a directory of this user with mode 0700.")


def _listen(path: Path) -> socket.socket:
    if len(os.fsencode(path)) > _MAX_PATH:
        raise SandboxError(f"{path} is too long for a Unix socket; give a directory with a shorter name.")
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        listener.bind(str(path))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise SandboxError(f"The sandbox cannot listen at {path}: {error.strerror}.") from error
    return listener
