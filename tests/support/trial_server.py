"""A real `safelight serve` on either database for a fault trial, with what an operator can see of it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from postgres_process import started
from proc import alive, children_of
from serving import PATIENCE, Server, wait_until
from small_disk import small_disk
from trial_uploads import MARK, Pictures, Platform

ON_POSTGRES = os.environ.get("SAFELIGHT_TEST_DATABASE") == "postgres"
DATABASE = "postgresql" if ON_POSTGRES else "sqlite"


class Postgres:
    """A PostgreSQL of one trial's own, which can be stopped under load and started again."""

    def __init__(self, disk: Callable[[Path], object]) -> None:
        # Short: a Unix socket's path may have 107 bytes.
        self.disk = Path(tempfile.mkdtemp(prefix="sl-pg-", dir="/tmp"))
        disk(self.disk)
        self.disk.chmod(0o755)
        self.directory = self.disk / "d"
        self._server = started(self.directory, durable=True)
        self.programs = self._server.bin_path
        self.url = str(self._server.get_uri("postgres"))

    def stop(self, mode: str) -> None:
        """As ``pg_ctl`` does: ``fast`` lets it write a checkpoint, ``immediate`` is a crash."""
        subprocess.run(
            [str(self.programs / "pg_ctl"), "-w", "-D", str(self.directory), "-m", mode, "stop"],
            user=self._server.system_user,
            cwd="/",
            check=True,
            stdout=subprocess.DEVNULL,
        )

    def start(self) -> None:
        self._server.ensure_postgres_running()

    def end(self) -> None:
        with contextlib.suppress(subprocess.SubprocessError):
            self.start()  # it removes only what it can stop in order
        self._server.cleanup()
        with contextlib.suppress(OSError):
            self.disk.rmdir()


class Inspection:
    """``trial_inspection`` at work: starting it takes as long as a hundred of its answers."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `end`
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("trial_inspection.py"))],
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )

    def ask(self, command: str, told: Mapping[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):  # what it said last tells why
            self._process.stdin.write(json.dumps([command, told]) + "\n")
            self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            self._process.wait()
            self._errors.seek(0)
            raise AssertionError(self._errors.read().decode())
        return json.loads(answer)

    def end(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._process.communicate()
        self._errors.close()


class TrialServer(Server):
    """A server with a list, a key of a platform, and an operator's look at everything it left."""

    def __init__(self, directory: Path, postgres: Postgres | None, **settings: str) -> None:
        url = {"database_url": postgres.url} if postgres else {}
        # Half of what the platform sends is listed, which would have its key suspended for probing.
        unsuspended = {"key_limits__probing_least_hits": "0"}
        super().__init__(directory, new=True, **url, **unsuspended, **settings)
        self.postgres = postgres
        self.extra: dict[str, str] = {}
        self._said = 0
        self._inspection: Inspection | None = None

    def environment(self) -> dict[str, str]:
        # The database's own pg_dump: another version's refuses.
        programs = {"PATH": f"{self.postgres.programs}:{os.environ['PATH']}"} if self.postgres else {}
        return {**super().environment(), **programs, **self.extra}

    def inspect(self, command: str, told: Mapping[str, Any] | None = None) -> Any:
        """Ask ``trial_inspection``, which runs in a process of its own with the clock of this test."""
        environment = {**Server.environment(self), "SAFELIGHT_WORKSPACE": str(self.workspace)}
        if self._inspection is None or self._inspection.environment != environment:
            self.end_inspection()
            self._inspection = Inspection(environment)
        return self._inspection.ask(command, told or {})

    def end_inspection(self) -> None:
        if self._inspection is not None:
            self._inspection.end()
            self._inspection = None

    def begin(self, *, jobs: int = 0, listed: int = 30) -> Platform:
        """Start it, import a list, and wait until uploads are compared with that list."""
        self.start()
        pictures = Pictures.drawn(listed)
        lines = self.directory / "list.txt"
        lines.write_text(pictures.hash_list())
        # Without faketime, where a trial sets clocks: it fails the sleeps of whoever waits for a lock.
        before, self.extra = self.extra, {**self.extra, "LD_PRELOAD": ""}
        imported = self.run("lists", "import", str(lines), "--name", "ours", "--class", "test")
        self.extra = before
        assert imported.returncode == 0, imported.stderr
        platform = Platform(self, self.inspect("make_key", {"jobs": jobs}), pictures)
        wait_until("the list to be searched", lambda: platform.upload(pictures.others[0]).outcome == "clear")
        platform.acknowledged.clear()
        return platform

    @property
    def run_directory(self) -> Path:
        return next(self.directory.glob("**/safelight-*/status.json")).parent

    def kill_unseen(self, name: str) -> None:
        """As :meth:`kill`, where the supervisor cannot write down what it started."""
        assert self.process is not None
        pid, number = self.status()[name]["pid"], len(children_of(self.process.pid))
        os.kill(pid, signal.SIGKILL)
        wait_until(f"{name} to be gone", lambda: not alive(pid))
        wait_until("another to be started", lambda: len(children_of(self.process.pid)) >= number)

    def start(self) -> TrialServer:
        self._said = len(self.said())
        super().start()
        return self

    def said_since_start(self) -> str:
        return self.said()[self._said :]

    def database_rows(self) -> object:
        """How many rows each table of PostgreSQL has; SQLite's are files of the workspace."""
        if self.postgres is None:
            return None
        import psycopg

        with psycopg.connect(self.postgres.url) as database:
            names = database.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            return {name: database.execute(f'SELECT count(*) FROM "{name}"').fetchone() for (name,) in names}

    def wait_until_well(self) -> None:
        wait_until("every check to be well", lambda: not self.checks())

    def plaintext_left(self) -> list[str]:
        """Files that hold :data:`MARK`, wherever this server or its database may have written."""
        roots = [self.directory, Path("/dev/shm")]
        roots += [self.postgres.disk] if self.postgres else []
        return [str(path) for root in roots for path in files_below(root) if MARK in content_of(path)]

    def ledger_verifies(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`safelight ledger verify`, when nothing waits for its place any more."""
        return self.run("ledger", "verify", *arguments)


def files_below(root: Path) -> Iterator[Path]:
    for directory, _, names in os.walk(root):
        for name in names:
            path = Path(directory) / name
            if path.is_file() and not path.is_symlink():
                yield path


def content_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # gone meanwhile
        return b""


@contextlib.contextmanager
def trial_server(*, database_disk: str = "", **settings: str) -> Iterator[TrialServer]:
    """A server that has not been started yet, on the database of this run.

    ``database_disk`` is the size of a disk of PostgreSQL's own.
    """
    with contextlib.ExitStack() as ending:
        # Short: a Unix socket's path may have 107 bytes.
        directory = Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="sl-", dir="/tmp")))
        postgres = None
        if ON_POSTGRES:
            postgres = Postgres(
                lambda disk: ending.enter_context(small_disk(disk, database_disk)) if database_disk else None
            )
            ending.callback(postgres.end)
        server = TrialServer(directory, postgres, **settings)
        ending.callback(server.end)
        ending.callback(server.end_inspection)
        yield server


def figures(**found: object) -> None:
    """Print what a trial measured; docs/operator/trials.md has a table of them."""
    for name, value in found.items():
        print(f"FIGURE {name}_{DATABASE} {value}")


def hold_against(server: TrialServer, platform: Platform) -> dict[str, Any]:
    """What became of everything that was acknowledged."""
    told = {
        "acknowledged": [[a.key, a.intake, a.outcome, a.sha256] for a in platform.acknowledged],
        "listed": sorted({a.sha256 for a in platform.acknowledged if a.listed}),
    }
    found: dict[str, Any] = server.inspect("examine", told)
    return found


__all__ = ["DATABASE", "ON_POSTGRES", "PATIENCE", "TrialServer", "figures", "hold_against", "trial_server"]
