"""The evidence store goes away in an upload, or the database's disk is full: it goes on afterwards."""

from __future__ import annotations

import contextlib
from datetime import timedelta

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


@pytest.mark.parametrize("call", ["submit", "upload", "finish"])
def test_a_full_disk_after_the_hotline_acted(
    report_of, reporter, sending, hotline, tmp_path, monkeypatch, call
) -> None:
    from django.db import OperationalError, connection
    from django.db.models import F
    from small_disk import full, small_disk

    from safelight.hotlines.cybertipline.client import Client
    from safelight.server.hotlines.sending import send
    from safelight.server.jobs.models import Job

    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL's own disk is filled in tests/faults/server/test_disk_full.py")
    report = send(reporter, report_of(b"a file"))
    asked = getattr(Client, call)
    with small_disk(tmp_path / "disk", "12m") as disk, contextlib.ExitStack() as filling:
        _move_database(disk)

        def then_full(self, *told):
            answer = asked(self, *told)
            filling.enter_context(full(disk))
            return answer

        monkeypatch.setattr(Client, call, then_full)
        with pytest.raises(OperationalError):
            sending()
        monkeypatch.setattr(Client, call, asked)
        filling.close()
        connection.close()
        over = F("leased_until") - timedelta(hours=1)
        Job.objects.filter(state=Job.State.LEASED).update(leased_until=over)
        sending()
        report.refresh_from_db()
        assert report.state == "finished"
        finished = [kept for kept in hotline.reports() if kept.standing is Standing.FINISHED]
        assert [(kept.finishes, len(kept.files)) for kept in finished] == [(1, 1)]
        assert report.orphans.count() == (call == "submit")
        assert report.receipt.receipted == (call != "finish")
        connection.close()


def _move_database(disk) -> None:
    """Put this test's database on a disk of its own; the fixture puts the name back."""
    import sqlite3

    from django.db import connections

    connections["default"].close()
    names = connections.settings["default"]
    there = contextlib.closing(sqlite3.connect(disk / "server.sqlite3"))
    with contextlib.closing(sqlite3.connect(names["NAME"])) as source, there as target:
        source.backup(target)
    names["NAME"] = str(disk / "server.sqlite3")
