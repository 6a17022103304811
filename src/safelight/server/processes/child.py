"""One supervised process: started, found dead, started again after a growing pause."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Final

from safelight.server.processes.beginning import SUPERVISOR_VARIABLE
from safelight.server.processes.programs import Program
from safelight.server.secrets import KEYS_VARIABLE, ProcessKeys

LASTED_SECONDS: Final = 5.0
"""A process that ran this long had started well: its next start does not wait."""
LONGEST_PAUSE: Final = 5.0
_FIRST_PAUSE: Final = 0.1
_STOP_LOOK: Final = 0.05

_NOT_FOR_CHILDREN: Final = ("SAFELIGHT_KEY_FILE", "SAFELIGHT_KEYS")


class Child:
    """A process of one program. ``keys`` is asked at each start, so that a rotation reaches the next one."""

    def __init__(
        self,
        program: Program,
        name: str,
        keys: Callable[[Program], ProcessKeys | None],
        environment: dict[str, str],
        inherited: tuple[int, ...] = (),
    ) -> None:
        """``inherited`` are descriptors that keep their numbers in the process."""
        self.name = name
        self.starts = 0
        self._program = program
        self._keys = keys
        self._environment = environment
        self._inherited = inherited
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._quick_deaths = 0
        self._not_before = 0.0

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process else None

    def look_after(self) -> int | None:
        """Start it if it does not run and its pause is over. Returns the exit code of one just found dead."""
        died = self._reap()
        if self._process is None and time.monotonic() >= self._not_before:
            self._process = start(self._program, self._keys, self._environment, self._inherited)
            self._started_at = time.monotonic()
            self.starts += 1
        return died

    def _reap(self) -> int | None:
        if self._process is None or (code := self._process.poll()) is None:
            return None
        self._process = None
        now = time.monotonic()
        self._quick_deaths = 0 if now - self._started_at >= LASTED_SECONDS else self._quick_deaths + 1
        pause = min(_FIRST_PAUSE * 2 ** (self._quick_deaths - 1), LONGEST_PAUSE) if self._quick_deaths else 0
        self._not_before = now + pause
        return code

    def ask_to_stop(self) -> None:
        """Send SIGTERM, on which it finishes what it is at."""
        if self._process is not None:
            self._process.terminate()

    def stop(self, until: float, hurried: Callable[[], bool]) -> bool:
        """Ask it to finish; kill it when ``until`` has come or when hurried. Whether it left by itself."""
        self.ask_to_stop()
        while self._process is not None and self._process.poll() is None:
            if time.monotonic() >= until or hurried():
                self.kill()
                return False
            time.sleep(_STOP_LOOK)
        self._process = None
        return True

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def start(
    program: Program,
    keys: Callable[[Program], ProcessKeys | None],
    environment: dict[str, str],
    inherited: tuple[int, ...] = (),
    output: int | None = None,
) -> subprocess.Popen[bytes]:
    """Start a process of a program, with its keys in a memory file that only it inherits."""
    held = keys(program)
    surroundings = {**os.environ, **environment, SUPERVISOR_VARIABLE: str(os.getpid())}
    for name in (*_NOT_FOR_CHILDREN, KEYS_VARIABLE):
        surroundings.pop(name, None)
    if held is None:
        return _spawn(program, surroundings, inherited, output)
    descriptor = held.to_memory()
    try:
        surroundings[KEYS_VARIABLE] = str(descriptor)
        return _spawn(program, surroundings, (*inherited, descriptor), output)
    finally:
        os.close(descriptor)


def _spawn(
    program: Program, environment: dict[str, str], inherited: tuple[int, ...], output: int | None
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", program.module],
        env=environment,
        pass_fds=inherited,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        # Ctrl-C at the terminal is for the supervisor, which then stops the others in order.
        process_group=0,
    )


def told(code: int) -> str:
    """How a process ended, in words."""
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"
