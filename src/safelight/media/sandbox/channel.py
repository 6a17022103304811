"""One control socket to one warm parent, and the program behind it if we started it.

Messages on a SOCK_SEQPACKET socket are atomic, so any number of threads ask over one channel without a lock.
"""

from __future__ import annotations

import array
import os
import select
import socket
import struct
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from safelight.errors import SandboxError
from safelight.media.sandbox.families import Family
from safelight.media.sandbox.protocol import MAX_MESSAGE, Collector, Reply
from safelight.types import UnscannedReason

ENVIRONMENT: Final = {"LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"}
"""All that a warm parent sees of the environment: no secret that the caller was started with."""

_SEND_SECONDS: Final = 30.0
_LEAVE_SECONDS: Final = 5.0
_PEER: Final = struct.Struct("iII")


class ChannelLost(Exception):
    """The warm parent is gone, and said nothing about this file."""


class Channel:
    """Asks one warm parent. Methods may be called from several threads."""

    def __init__(self, control: socket.socket, process: subprocess.Popen[bytes] | None = None) -> None:
        self._control = control
        self._process = process
        control.settimeout(_SEND_SECONDS)

    @property
    def pid(self) -> int | None:
        """The warm parent's process id, if we started it."""
        return self._process.pid if self._process else None

    def ask(self, request: bytes, fd: int, collector: Collector, seconds: float) -> Reply:
        """Have one file decoded; waits up to ``seconds``, whatever the parent promised to enforce.

        What the collector does with a message is not waiting: looking at a member may take its own time.

        Raises :class:`ChannelLost` if the parent died before it, or its child, said anything.
        """
        deadline = time.monotonic() + seconds
        try:
            ours = self._request(request, fd)
        except OSError as error:
            if self.lost():
                raise ChannelLost("the warm parent is not there") from error
            detail = f"the request could not be sent: {error.strerror or error}"
            return collector.stop(UnscannedReason.SANDBOX_UNAVAILABLE, detail)
        with ours:
            return self._collect(ours, collector, deadline)

    def _request(self, request: bytes, fd: int, flags: int = 0) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd, theirs.fileno()]))
        try:
            with theirs:
                self._control.sendmsg([request], [rights], socket.MSG_NOSIGNAL | flags)
        except BaseException:
            ours.close()
            raise
        return ours

    def _collect(self, ours: socket.socket, collector: Collector, deadline: float) -> Reply:
        while True:
            try:
                ours.settimeout(max(0.001, deadline - time.monotonic()))
                # Plain recv() takes no descriptors: any that a child attaches are closed by the kernel.
                message = ours.recv(MAX_MESSAGE + 1)
            except TimeoutError:
                return collector.stop(UnscannedReason.TIMEOUT, "the sandbox did not answer in time")
            except OSError:
                message = b""
            if message:
                arrived = time.monotonic()
                if reply := collector.add(message):
                    return reply
                deadline += time.monotonic() - arrived
            elif not self.lost():
                return collector.stop(UnscannedReason.CRASHED, "the decoder left without saying why")
            elif collector.empty:
                raise ChannelLost("the warm parent died")
            else:
                return collector.stop(UnscannedReason.SANDBOX_UNAVAILABLE, "the warm parent died")

    def fileno(self) -> int:
        """The descriptor of the control socket."""
        return self._control.fileno()

    def ping(self, fd: int) -> socket.socket:
        """Send what every warm parent refuses at once, and return where it will say so; does not wait.

        Raises ``OSError`` where it has no room even for that. ``fd`` is any descriptor; nobody reads it.
        """
        return self._request(b"ping", fd, socket.MSG_DONTWAIT)

    def lost(self) -> bool:
        """Whether nobody is at the other end any more."""
        poll = select.poll()
        try:
            poll.register(self._control, 0)
        except (OSError, ValueError):
            return True  # closed by us
        return bool(poll.poll(0))

    def close(self) -> None:
        """Hang up; a parent that we started leaves, or is killed if it does not within five seconds."""
        # shutdown() also wakes threads that are sending; close() alone would leave them waiting.
        with suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)
        self._control.close()
        if self._process is None:
            return
        try:
            self._process.wait(_LEAVE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def abandon(self) -> None:
        """Let go of it in a forked copy of the process, without disturbing the original's parent."""
        self._control.close()
        if self._process is not None:
            self._process.returncode = 0  # not this process's child: there is nothing to wait for


def spawn(family: Family, *arguments: str, listener: socket.socket | None = None) -> Channel:
    """Start a warm parent with one end of a socket pair; with a ``listener`` it serves that as well.

    Raises :class:`~safelight.errors.SandboxError` if there is no such program. Whether it came up shows with
    the first request.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    handed = [theirs.fileno()]
    command = [*family.command, "--control", str(theirs.fileno()), *arguments]
    if listener is not None:
        handed.append(listener.fileno())
        command += ["--listen", str(listener.fileno())]
    with theirs:
        try:
            process = subprocess.Popen(
                command,
                pass_fds=handed,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=ENVIRONMENT,
                cwd="/",
                start_new_session=True,  # Ctrl-C at the terminal is the caller's to handle
            )
        except OSError as error:
            ours.close()
            raise SandboxError(
                f"The {family.name} decoders could not be started: {error}. Is Safelight installed whole?"
            ) from error
    return Channel(ours, process)


def connect(family: Family, directory: Path) -> Channel:
    """Reach a warm parent that :class:`~safelight.media.sandbox.server.SandboxServer` keeps.

    Raises :class:`~safelight.errors.SandboxError` if nobody listens there, or somebody else does.
    """
    control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    path = directory / f"{family.name}.sock"
    try:
        control.connect(str(path))
        peer = control.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
    except OSError as error:
        control.close()
        message = f"No sandbox answers at {path}: {error.strerror}. Is its server running?"
        raise SandboxError(message) from error
    _, uid, _ = _PEER.unpack(peer)
    if uid not in (0, os.geteuid()):
        control.close()
        raise SandboxError(f"The sandbox at {path} belongs to user {uid}; run it as this user or as root.")
    return Channel(control)
