"""The checks of ``safelight doctor`` for a workspace that a server keeps: what it needs of this machine."""

from __future__ import annotations

import contextlib
import ctypes
import http.client
import resource
import shutil
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from safelight.cli.checkup import Finding
from safelight.cli.keys import SERVED
from safelight.workspace import default_directory

if TYPE_CHECKING:
    from safelight.server.config import Config

LEAST_FREE: Final = 512 << 20
LEAST_FILES: Final = 1024
"""Open files: 512 connections of one web process, its uploads, and what Python and the database need."""
_SECONDS: Final = 5.0
_TIME_ERROR: Final = 5
"""What adjtimex(2) returns while nothing keeps the clock."""


def server(path: Path | None) -> Iterator[Finding]:
    """Database, port, disk, open files and clock; nothing where no server keeps the workspace."""
    directory = path or default_directory()
    if not (directory / SERVED).exists():
        return
    try:
        from safelight.server.config import load  # noqa: PLC0415 - the server's packages are an extra
    except ModuleNotFoundError as error:
        says = f"{error.name} is not installed. Install it with: pip install 'safelight[server]'"
        yield Finding("server", says, well=False)
        return
    config = load(path)
    yield _database(config)
    yield _port(config)
    yield _disk(config)
    yield _open_files()
    yield _clock()


def _database(config: Config) -> Finding:
    from safelight.server.databases import database_settings  # noqa: PLC0415

    told = database_settings(config)
    if not config.database_url:
        try:
            with contextlib.closing(sqlite3.connect(f"file:{told['NAME']}?mode=ro", uri=True)) as database:
                faults = database.execute("PRAGMA quick_check").fetchone()[0]
        except sqlite3.Error as error:
            return Finding("server", f"the database {told['NAME']} cannot be read: {error}", well=False)
        return Finding("server", f"the database {told['NAME']} is {faults}", well=faults == "ok")
    try:
        import psycopg  # noqa: PLC0415 - an extra

        with psycopg.connect(config.database_url, connect_timeout=int(_SECONDS)) as connection:
            version = connection.info.server_version // 10_000
    except ModuleNotFoundError:
        says = "psycopg is not installed. Install it with: pip install 'safelight[postgres]'"
        return Finding("server", says, well=False)
    except psycopg.Error as error:
        first = str(error).strip().splitlines()[0]
        return Finding("server", f"PostgreSQL does not answer: {first}. Check database_url.", well=False)
    return Finding("server", f"PostgreSQL {version} answers")


def _port(config: Config) -> Finding:
    """Free, or ours already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", config.port))
            return Finding("server", f"port {config.port} is free; no server runs there")
    connection = http.client.HTTPConnection("127.0.0.1", config.port, timeout=_SECONDS)
    try:
        connection.request("GET", "/healthz", headers={"Host": f"localhost:{config.port}"})
        if connection.getresponse().read() == b"alive\n":
            return Finding("server", f"it answers at {config.public_url}; /readyz there says how it is")
    except (OSError, http.client.HTTPException):
        pass
    finally:
        connection.close()
    says = f"something else uses port {config.port}. Stop that, or set another port."
    return Finding("server", says, well=False)


def _disk(config: Config) -> Finding:
    free = shutil.disk_usage(config.workspace).free
    says = f"{free >> 20:,} MiB are free at {config.workspace}"
    return Finding("server", says, well=True) if free >= LEAST_FREE else Finding(
        "server", f"{says}; {LEAST_FREE >> 20} are needed. Free or add space.", well=False
    )  # fmt: skip


def _open_files() -> Finding:
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed != resource.RLIM_INFINITY and allowed < LEAST_FILES:
        says = (
            f"a process may open {allowed:,} files only; let it open {LEAST_FILES:,} (ulimit -n, LimitNOFILE)"
        )
        return Finding("server", says, well=False)
    return Finding("server", f"a process may open {allowed:,} files")


def _clock() -> Finding:
    """Told, not judged: a machine without a network keeps its time by other means."""
    state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(1024))
    kept = "is kept" if state != _TIME_ERROR else "is not known to be kept"
    return Finding("server", f"the clock {kept} by NTP; every deadline of evidence is told by it")
