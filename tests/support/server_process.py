"""Runs the server's own processes beside a test, on the test's database, with the test's keys."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from django.db import connection
from server_settings import KEYS

from safelight.server.processes.beginning import SUPERVISOR_VARIABLE
from safelight.server.secrets import KEYS_VARIABLE

NURSERY = """
import ctypes, os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
import django
django.setup()
{code}
for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        child()
        os._exit(0)
    print(pid, flush=True)
"""


@contextmanager
def environment() -> Iterator[tuple[dict[str, str], int]]:
    """What a child process needs to be on this test's database, and the descriptor that it must inherit."""
    told = connection.settings_dict
    env = {name: value for name, value in os.environ.items() if not name.startswith("SAFELIGHT_")}
    if connection.vendor == "postgresql":
        env["SAFELIGHT_DATABASE_URL"] = (
            f"postgresql://{told['USER']}@/{told['NAME']}?host={quote(told['HOST'] or _socket())}"
        )
        env["SAFELIGHT_WORKSPACE"] = "/nonexistent"
    else:
        env["SAFELIGHT_WORKSPACE"] = str(Path(told["NAME"]).parent)
    keys = KEYS.to_memory()
    try:
        yield env | {KEYS_VARIABLE: str(keys), "DJANGO_SETTINGS_MODULE": "safelight.server.settings"}, keys
    finally:
        os.close(keys)


def _socket() -> str:
    return str(connection.get_connection_params()["host"])


class Nursery:
    """Forks children that have Django set up, so that a hundred of them can be killed in a minute."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def fork(self) -> int:
        """The process id of a new child, which runs the function ``child`` of the nursery's code."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("fork\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


@contextmanager
def nursery(code: str) -> Iterator[Nursery]:
    """A nursery whose children die with it. ``code`` defines ``child``."""
    with environment() as (env, keys):
        process = subprocess.Popen(
            [sys.executable, "-c", NURSERY.format(code=code)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=env,
            pass_fds=[keys],
        )
    with process:
        try:
            yield Nursery(process)
        finally:
            process.kill()


@contextmanager
def job_worker(*arguments: str, config: Path | None = None) -> Iterator[subprocess.Popen[str]]:
    """The real job worker, by its own command line; ``config`` is a settings file."""
    with environment() as (env, keys):
        env[SUPERVISOR_VARIABLE] = str(os.getpid())
        if config is not None:
            env["SAFELIGHT_CONFIG"] = str(config)
        process = subprocess.Popen(
            [sys.executable, "-m", "safelight.server.processes.jobs", *arguments],
            stderr=subprocess.PIPE,
            text=True,
            env=env,
            pass_fds=[keys],
        )
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
