"""One supervised process: started, found dead, started again after a growing pause."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from safelight.server.processes.beats import NAME_VARIABLE, Pulse
from safelight.server.processes.beginning import SUPERVISOR_VARIABLE
from safelight.server.processes.programs import Program
from safelight.server.secrets import KEYS_VARIABLE, ProcessKeys

LASTED_SECONDS: Final = 5.0
"""A process that ran this long had started well: its next start does not wait."""
LONGEST_PAUSE: Final = 5.0
LONGEST_PAUSE_AFTER_HANGING: Final = 60.0
CALM_SECONDS: Final = 600.0
"""A process that ran this long is not one that hangs again and again."""
START_SECONDS: Final = 180.0
"""Until its first sign of life, on a machine that is busy."""
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
        *,
        beats: Path,
        inherited: tuple[int, ...] = (),
    ) -> None:
        """It beats in ``beats``; ``inherited`` are descriptors that keep their numbers in the process."""
        self.name = name
        self.starts = 0
        self.hangs = 0
        self.pulse = Pulse(beats / name, program.patience, START_SECONDS)
        self.key = ""
        """The root key that was the primary one when it was started."""
        self._program = program
        self._keys = keys
        self._environment = {**environment, NAME_VARIABLE: name}
        self._inherited = inherited
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._quick_deaths = 0
        self._hangs_in_a_row = 0
        self._hung = False
        self._not_before = 0.0
        self._gone_by: float | None = None

    @property
    def settled(self) -> bool:
        """Whether it has come up and is not about to go."""
        return self._process is not None and self.pulse.beats and self._gone_by is None

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process else None

    def look_after(self) -> int | None:
        """Start it if it does not run and its pause is over. Returns the exit code of one just found dead."""
        died = self._reap()
        if self._process is None and time.monotonic() >= self._not_before:
            self.pulse.reset()
            keys = self._keys(self._program)
            self.key = keys.primary_id if keys else ""
            self._process = start(self._program, keys, self._environment, self._inherited)
            self._started_at = time.monotonic()
            self.starts += 1
        return died

    def end_if_hung(self) -> bool:
        """Kill it if it has given no sign of life for too long; :meth:`look_after` finds it dead later."""
        overdue = self._gone_by is not None and time.monotonic() > self._gone_by
        if self._process is None or not (self.pulse.silent() or overdue):
            return False
        # Not waited for: one that the kernel holds may take its time, and others are to be looked after.
        self._process.kill()
        self.pulse.excuse()
        self._gone_by = None
        self._hung = True
        self.hangs += 1
        calm = time.monotonic() - self._started_at >= CALM_SECONDS
        self._hangs_in_a_row = 1 if calm else self._hangs_in_a_row + 1
        return True

    def _reap(self) -> int | None:
        if self._process is None or (code := self._process.poll()) is None:
            return None
        self._process, self._gone_by = None, None
        now = time.monotonic()
        self._quick_deaths = 0 if now - self._started_at >= LASTED_SECONDS else self._quick_deaths + 1
        pause = min(_FIRST_PAUSE * 2 ** (self._quick_deaths - 1), LONGEST_PAUSE) if self._quick_deaths else 0
        if self._hung:
            pause = max(pause, min(2.0**self._hangs_in_a_row, LONGEST_PAUSE_AFTER_HANGING))
            self._hung = False
        self._not_before = now + pause
        return code

    def renew(self, within: float) -> None:
        """Have it finish what it is at and be started anew; killed if it does not within so many seconds."""
        self._gone_by = time.monotonic() + within
        self.ask_to_stop()

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
    keys: ProcessKeys | None,
    environment: dict[str, str],
    inherited: tuple[int, ...] = (),
    output: int | None = None,
) -> subprocess.Popen[bytes]:
    """Start a process of a program, with its keys in a memory file that only it inherits."""
    surroundings = {**os.environ, **environment, SUPERVISOR_VARIABLE: str(os.getpid())}
    for name in (*_NOT_FOR_CHILDREN, KEYS_VARIABLE):
        surroundings.pop(name, None)
    if keys is None:
        return _spawn(program, surroundings, inherited, output)
    descriptor = keys.to_memory()
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
