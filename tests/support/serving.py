"""Drives a real `safelight serve`: started as an operator starts it, asked over HTTP, killed by pid."""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from postgres_process import started

PATIENCE = 90.0
"""Seconds for a machine that is busy with other tests; nothing here asserts how quick something is."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    running = started(Path(tempfile.mkdtemp(prefix="sl-pg-")))
    try:
        yield running.get_uri("postgres")
    finally:
        running.cleanup()


T = TypeVar("T")


def wait_until(what: str, ask: Callable[[], T | None]) -> T:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with contextlib.suppress(OSError, http.client.HTTPException):
            if (answer := ask()) is not None and answer is not False:
                return answer
        time.sleep(0.1)
    raise AssertionError(f"waited in vain for: {what}")


class Server:
    """One `safelight serve` in a directory: workspace, key, run directory, output.

    It has one web process, and begins with a copy of a workspace that was served, which saves most of a
    first start. On PostgreSQL it begins with nothing; with ``new`` it does too, and is as operators have it.
    """

    def __init__(self, directory: Path, *, new: bool = False, **settings: str) -> None:
        self.directory = directory
        self.workspace = directory / "w"
        self.port = free_port()
        self.output = directory / "output"
        self.settings = settings if new else {"web_workers": "1", **settings}
        self.process: subprocess.Popen[bytes] | None = None
        self.ended = False
        self._new = new

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SAFELIGHT_")}
        told = {f"SAFELIGHT_{name.upper()}": value for name, value in self.settings.items()}
        return {**kept, **told, "SAFELIGHT_KEYS": str(self.directory / "keys"), "TMPDIR": str(self.directory)}

    def command(self, *arguments: str) -> list[str]:
        return [
            str(Path(sys.executable).with_name("safelight")),
            *arguments,
            "--workspace",
            str(self.workspace),
        ]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Another command on the same workspace, to its end."""
        return subprocess.run(
            self.command(*arguments),
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def start(self) -> Server:
        """Start, and wait until it answers."""
        self.prepare()
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                self.command("serve", "--port", str(self.port)),
                env=self.environment(),
                stdout=output,
                stderr=output,
            )
        self.wait_for("/healthz", 200)
        return self

    def prepare(self) -> Server:
        """Have a workspace that was served before, unless there is one or it is to be made anew."""
        elsewhere = any(self.settings.get(name) for name in ("database_url", "demo"))
        if not (self._new or elsewhere or self.workspace.exists()):
            _copy_a_prepared_workspace(self.directory)
        return self

    def wait_for(self, path: str, status: int) -> bytes:
        return wait_until(f"{path} to answer {status}\n{self.said()}", lambda: self._answered(path, status))

    def _answered(self, path: str, status: int) -> bytes | None:
        assert self.process is None or self.process.poll() is None, self.said()
        found, body = self.get(path)
        return body if found == status else None

    def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", path, headers={"Host": f"localhost:{self.port}", **headers})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def checks(self) -> dict[str, str]:
        """What /readyz says is not well."""
        _, body = self.get("/readyz")
        return {check["name"]: check["says"] for check in json.loads(body)["checks"] if not check["well"]}

    def said(self) -> str:
        return self.output.read_text() if self.output.exists() else ""

    @property
    def run_directory(self) -> Path:
        return next(self.directory.glob("safelight-*"))

    def status(self) -> dict[str, Any]:
        return {
            p["name"]: p for p in json.loads((self.run_directory / "status.json").read_text())["processes"]
        }

    def kill(self, name: str) -> None:
        """Kill one process, and wait until another has taken its place."""
        before = self.status()[name]
        os.kill(before["pid"], signal.SIGKILL)
        wait_until(
            f"{name} to be started again",
            lambda: (now := self.status()[name])["starts"] > before["starts"] and now["pid"] is not None,
        )

    def stop(self) -> int:
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(PATIENCE)

    def end(self) -> None:
        self.ended = True
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@contextlib.contextmanager
def resting_server(**settings: str) -> Iterator[Server]:
    """A server that has not been started yet, in a directory of its own; ended with the block."""
    # Short: a Unix socket's path may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix="sl-", dir="/tmp") as directory:
        server = Server(Path(directory), **settings)
        try:
            yield server
        finally:
            server.end()


def _copy_a_prepared_workspace(directory: Path) -> None:
    """The first test that asks has one made for all workers of this run."""
    made = Path("/tmp", f"sl-made-{os.environ.get('PYTEST_XDIST_TESTRUNUID', os.getpid())}")
    with made.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (made / "w").exists():
            made.mkdir(mode=0o700)
            atexit.register(_remove, made)
            server = Server(made, new=True, web_workers="1").start()
            assert server.stop() == 0, server.said()
        for name in ("w", "keys"):
            shutil.copytree(made / name, directory / name)
        shutil.copy(made / "w.destructions", directory)


def _remove(made: Path) -> None:
    shutil.rmtree(made, ignore_errors=True)
    made.with_suffix(".lock").unlink(missing_ok=True)
