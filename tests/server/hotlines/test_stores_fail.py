"""The evidence store goes away in an upload, or the database's disk is full: it goes on afterwards."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from safelight.hotlines.mock.state import Standing

MIB = 1 << 20


def test_a_store_that_goes_away_in_the_middle_of_an_upload(
    report_of, reporter, sending, hotline, monkeypatch
) -> None:
    from safelight.errors import StoreUnavailable
    from safelight.server.hotlines.sending import send
    from safelight.server.vault.client import VaultClient

    report = send(reporter, report_of(bytes(5 * MIB)))
    read, asked = VaultClient.read, []

    def failing(self, record, start, length):
        asked.append(start)
        if len(asked) in {1, 4}:  # before anything was sent, and in the middle of the file
            raise StoreUnavailable("The evidence store did not answer.")
        return read(self, record, start, length)

    monkeypatch.setattr(VaultClient, "read", failing)
    sending()
    report.refresh_from_db()
    assert report.state == "finished"
    assert [kept.standing for kept in hotline.reports()] == [Standing.RETRACTED, Standing.FINISHED]
    assert [file.size for file in hotline.reports()[1].files] == [5 * MIB]
    outcomes = [
        a.outcome for step in report.steps.filter(call="upload", opening=1) for a in step.attempts.all()
    ]
    assert outcomes == ["not_sent", "lost"]


@pytest.fixture
def place() -> Iterator[Path]:
    """Where PostgreSQL's account comes too."""
    directory = Path(tempfile.mkdtemp(prefix="sl-disk-", dir="/tmp"))
    directory.chmod(0o755)
    yield directory / "disk"
    shutil.rmtree(directory)


@pytest.mark.parametrize("call", ["submit", "upload", "finish"])
def test_a_full_disk_after_the_hotline_acted(
    report_of, reporter, sending, hotline, place, monkeypatch, call
) -> None:
    from django.db import OperationalError, connection
    from django.db.models import F
    from small_disk import full, small_disk

    from safelight.hotlines.cybertipline.client import Client
    from safelight.server.hotlines.models import Attempt
    from safelight.server.hotlines.sending import send
    from safelight.server.jobs.models import Job

    report = send(reporter, report_of(b"a file"))
    asked = getattr(Client, call)
    with small_disk(place, "64m") as disk, _database_on(disk), contextlib.ExitStack() as filling:

        def then_full(self, *told):
            answer = asked(self, *told)
            filling.enter_context(full(disk))
            return _with_a_long_body(answer)

        monkeypatch.setattr(Client, call, then_full)
        # Where not even the failure of the job can be written, its lease runs out.
        with contextlib.suppress(OperationalError):
            sending()
        monkeypatch.setattr(Client, call, asked)
        assert [one.step.call for one in Attempt.objects.filter(outcome="pending")] == [call]
        filling.close()
        connection.close()
        hour = timedelta(hours=1)
        Job.objects.filter(state="leased").update(leased_until=F("leased_until") - hour)
        Job.objects.filter(state="due").update(due_at=F("due_at") - hour)
        sending()
        report.refresh_from_db()
        assert report.state == "finished"
        finished = [kept for kept in hotline.reports() if kept.standing is Standing.FINISHED]
        assert [(kept.finishes, len(kept.files)) for kept in finished] == [(1, 1)]
        assert report.orphans.count() == (call == "submit")
        assert report.receipt.receipted == (call != "finish")


def _with_a_long_body(answer):
    """PostgreSQL may have room for a short one in pages that it has already."""
    if hasattr(answer, "md5"):
        return replace(answer, answer=_with_a_long_body(answer.answer))
    return replace(answer, body=answer.body + b"<!--" + os.urandom(500_000).hex().encode() + b"-->")


@contextlib.contextmanager
def _database_on(disk):
    """Put this test's database on a disk of its own, and away again before that ends."""
    from django.db import connections

    connections["default"].close()
    names = connections.settings["default"]
    kept = names["NAME"]
    on_disk = _postgres_on if connections["default"].vendor == "postgresql" else _sqlite_on
    with on_disk(disk, kept) as name:
        names["NAME"] = name
        try:
            yield
        finally:
            connections["default"].close()
            names["NAME"] = kept


@contextlib.contextmanager
def _sqlite_on(disk, kept):
    import sqlite3

    there = contextlib.closing(sqlite3.connect(disk / "server.sqlite3"))
    with contextlib.closing(sqlite3.connect(kept)) as source, there as target:
        source.backup(target)
    yield str(disk / "server.sqlite3")


@contextlib.contextmanager
def _postgres_on(disk, kept):
    """In a tablespace on that disk; the write-ahead log stays where it is."""
    from django.db import connections

    name = f"{kept}_on_a_disk"
    with connections["default"]._nodb_cursor() as cursor:
        cursor.execute("SHOW data_directory")
        owner = Path(cursor.fetchone()[0]).stat()
        os.chown(disk, owner.st_uid, owner.st_gid)
        cursor.execute(f"CREATE TABLESPACE small LOCATION '{disk}'")
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{kept}" TABLESPACE small')
    try:
        yield name
    finally:
        with connections["default"]._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
            cursor.execute("DROP TABLESPACE small")
