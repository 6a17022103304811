"""Copies of a database as one consistent state, taken while the server writes, and put back."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Final

from safelight.server.config import Config
from safelight.server.databases import database_settings
from safelight.server.operations.backup_manifest import BackupError

SQLITE_FILE: Final = "server.sqlite3"
POSTGRES_FILE: Final = "server.pgdump"


def copy_sqlite(source: Path, target: Path) -> None:
    """SQLite's own online backup: one state, whoever writes. The copy is checked and readable by us only.

    Raises :class:`BackupError`.
    """
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        with (
            contextlib.closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=60)) as database,
            contextlib.closing(sqlite3.connect(target)) as copy,
        ):
            database.backup(copy)
            # One file, without a journal beside it.
            copy.execute("PRAGMA journal_mode = DELETE")
            faults = [text for (text,) in copy.execute("PRAGMA integrity_check") if text != "ok"]
    except sqlite3.Error as error:
        raise BackupError(f"{source} cannot be copied: {error}. Check the disk and its room.") from None
    if faults:
        raise BackupError(f"{source} is damaged: {faults[0]}. Restore an earlier backup.")


def dump_postgres(config: Config, target: Path) -> None:
    """A dump by ``pg_dump``, in its own format. Raises :class:`BackupError`."""
    _run(config, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={target}")
    target.chmod(0o600)
    _run(config, "pg_restore", "--list", str(target))


def restore_postgres(config: Config, dump: Path) -> None:
    """Put a dump into an empty database, wholly or not at all. Raises :class:`BackupError`."""
    asked = "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    if (tables := _run(config, "psql", "-XAtc", asked).strip()) != "0":
        raise BackupError(
            f"The database that database_url names holds {tables} tables. Restore into an empty one."
        )
    name = str(database_settings(config)["NAME"])
    _run(
        config,
        "pg_restore",
        "--single-transaction",
        "--exit-on-error",
        "--no-owner",
        f"--dbname={name}",
        str(dump),
    )


def _run(config: Config, program: str, *arguments: str) -> str:
    if shutil.which(program) is None:
        raise BackupError(
            f"{program} is not installed; a PostgreSQL database needs it. Install postgresql-client, of the "
            "server's version or newer."
        )
    told = database_settings(config)
    # In the environment, because others can read a process's arguments.
    surroundings = {
        "PGHOST": told["HOST"],
        "PGPORT": told["PORT"],
        "PGUSER": told["USER"],
        "PGPASSWORD": told["PASSWORD"],
        "PGDATABASE": told["NAME"],
        **{f"PG{option.upper()}": value for option, value in told["OPTIONS"].items()},
    }
    environment = {**os.environ, **{name: str(value) for name, value in surroundings.items() if value}}
    done = subprocess.run(
        [program, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1:] or ["no reason was given"]
        raise BackupError(f"{program} failed: {reason[0]}")
    return done.stdout
