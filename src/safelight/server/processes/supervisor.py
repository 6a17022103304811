"""Starts the server's processes in order, restarts whatever dies, and stops them in the opposite order.

It has no threads, no database and no network beyond the socket it holds for the web processes, so there is
little in it that could fail. The sandbox's parents come first: they are forked from a process without secrets
in threads, and every later process only connects to them.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, Protocol

import structlog

from safelight.errors import SandboxError
from safelight.media.sandbox.server import SandboxServer
from safelight.server.config import Config
from safelight.server.processes.child import Child, told
from safelight.server.processes.programs import BEHIND_WEB, WEB, WITHOUT_KEYS, Program
from safelight.server.processes.run_directory import BEATS, METRICS, SANDBOX, reserve_counts
from safelight.server.processes.status import ProcessStatus, Status
from safelight.server.processes.web import LISTEN_VARIABLE
from safelight.server.secrets import ProcessKeys
from safelight.server.vault.client import RUN_VARIABLE

log = structlog.get_logger("safelight.supervisor")

LOOK_SECONDS: Final = 0.2
ASLEEP_SECONDS: Final = 5.0
"""A supervisor that did not look for so long was not running; its processes perhaps were not either."""
DRAIN_SECONDS: Final = 30.0
"""For requests that have begun; work that takes longer is leased and taken up again."""


class Keys(Protocol):
    """Where processes get their keys from."""

    def __call__(self, program: Program, /) -> ProcessKeys | None:
        """Those of one program."""
        ...

    def primary(self) -> str:
        """The id of the root key that seals now."""
        ...


class Supervisor:
    """Runs until asked to stop. ``keys`` is None where the root key could not be opened."""

    def __init__(
        self,
        config: Config,
        run: Path,
        listeners: Sequence[socket.socket],
        keys: Keys | None,
        *,
        say: Callable[[str], None],
        reason: str = "",
    ) -> None:
        """One of ``listeners`` for each web process; ``say`` takes lines for the operator.

        ``reason`` says why there are no keys.
        """
        self._say = say
        self._run = run
        self._keys = keys
        self._looked = time.monotonic()
        self._stops = 0
        self._status_is_old = True
        environment = {
            "SAFELIGHT_WORKSPACE": str(config.workspace.absolute()),
            "SAFELIGHT_PORT": str(config.port),
            RUN_VARIABLE: str(run),
            "PROMETHEUS_MULTIPROC_DIR": str(run / METRICS),
        }
        held = keys or _no_keys
        beats = run / BEATS
        behind: tuple[Program, ...]
        if keys is None:
            environment["SAFELIGHT_REASON"] = reason
            program, behind = WITHOUT_KEYS, ()
        else:
            program, behind = WEB, BEHIND_WEB
        self._children = [Child(one, one.name, held, environment, beats=beats) for one in behind]
        for number, listener in enumerate(listeners, 1):
            web = {**environment, LISTEN_VARIABLE: str(listener.fileno())}
            inherited = (listener.fileno(),)
            self._children.append(
                Child(program, f"web-{number}", held, web, beats=beats, inherited=inherited)
            )

        for child in self._children:
            reserve_counts(run, child.name)

    def run(self, sandbox: SandboxServer | None) -> None:
        """Look after everything until SIGTERM, SIGINT or SIGHUP; then drain."""
        with _wakeups(self._asked) as wakeup:
            while not self._stops:
                self._look(sandbox)
                select.select([wakeup], [], [], LOOK_SECONDS)
                with contextlib.suppress(BlockingIOError):
                    os.read(wakeup, 4096)
            self._drain()

    def _asked(self) -> None:
        self._stops += 1

    def _look(self, sandbox: SandboxServer | None) -> None:
        """A machine without a process or a byte to spare ends no supervisor; the next look tries again."""
        try:
            if sandbox is not None:
                for family in sandbox.end_hung():
                    log.warning("process hung", process=f"sandbox-{family}")
                for family in sandbox.restart_dead():
                    log.warning("process restarted", process=f"sandbox-{family}")
            self._excuse_if_asleep()
            for child in self._children:
                if child.end_if_hung():
                    log.warning("process hung", process=child.name, pid=child.pid)
            self._bring_new_keys()
            changed = [child for child in self._children if self._looked_after(child)]
            if changed or self._status_is_old:
                self._status_is_old = True
                self._status().write(self._run)
                self._status_is_old = False
        except (OSError, SandboxError) as error:
            log.warning("trying again", exc_info=error)

    def _excuse_if_asleep(self) -> None:
        now = time.monotonic()
        if now - self._looked > ASLEEP_SECONDS:
            for child in self._children:
                child.pulse.excuse()
        self._looked = now

    def _bring_new_keys(self) -> None:
        """After a rotation of the root key: start processes anew, one at a time, those behind web first."""
        if self._keys is None or not all(child.settled for child in self._children):
            return
        present = self._keys.primary()
        for child in self._children:
            if child.key != present:
                log.info("process takes the new key", process=child.name)
                child.renew(DRAIN_SECONDS)
                return

    def _looked_after(self, child: Child) -> bool:
        before = child.pid
        died = child.look_after()
        if died is not None:
            log.warning("process ended", process=child.name, pid=before, how=told(died))
        if child.pid is not None and child.pid != before:
            log.info("process started", process=child.name, pid=child.pid, starts=child.starts)
        return child.pid != before

    def _status(self) -> Status:
        return Status(
            supervisor=os.getpid(),
            processes=tuple(
                ProcessStatus(name=c.name, pid=c.pid, starts=c.starts, hangs=c.hangs) for c in self._children
            ),
        )

    def _drain(self) -> None:
        """Web first, and together, so that nothing new begins; then those that served it."""
        log.info("stopping")
        self._say("Stopping: no new requests; those begun are finished. Ctrl-C again stops at once.")
        web = [child for child in self._children if child.name.startswith("web-")]
        for child in web:
            child.ask_to_stop()
        until = time.monotonic() + DRAIN_SECONDS
        for child in (*web, *(c for c in reversed(self._children) if c not in web)):
            # A second behind time is given to those that had to wait for others.
            if not child.stop(max(until, time.monotonic() + 1.0), lambda: self._stops > 1):
                log.warning("process killed", process=child.name)
        log.info("stopped")
        self._say("Stopped. Everything that was acknowledged is stored.")


def _no_keys(_program: Program) -> None:
    return None


@contextlib.contextmanager
def _wakeups(asked: Callable[[], None]) -> Iterator[int]:
    """A descriptor that becomes readable when a child ends or a stop is asked for."""
    reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    former_fd = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    former = {
        number: signal.signal(number, lambda _number, _frame: asked())
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    }
    former[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    try:
        yield reading
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(former_fd)
        os.close(reading)
        os.close(writing)


def sandbox_server(run: Path) -> SandboxServer:
    """The sandbox's warm parents, on sockets in the run directory."""
    return SandboxServer(run / SANDBOX)
