"""The database is stopped, or locked by somebody else, under load: uploads are told to come back, and can."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections import Counter

import pytest
from serving import wait_until
from trial_server import ON_POSTGRES, TrialServer, figures, hold_against, trial_server
from trial_uploads import Platform

pytestmark = pytest.mark.xdist_group("trials")


def answered(server: TrialServer, path: str) -> int:
    return server.get(path)[0]


def stop_and_start(server: TrialServer, mode: str, seconds: float) -> None:
    """Take PostgreSQL away for a while. The server lives, says why it is not ready, and waits."""
    assert server.postgres is not None
    server.postgres.stop(mode)
    until = time.monotonic() + seconds
    assert answered(server, "/healthz") == 200
    assert "The database does not answer" in server.checks()["database"]
    assert answered(server, "/metrics") == 503
    assert answered(server, "/accounts/login/") in {200, 503}
    time.sleep(max(0.0, until - time.monotonic()))
    server.postgres.start()


def lock(server: TrialServer, seconds: float) -> None:
    """Hold SQLite's one write lock, as a forgotten shell would."""
    with contextlib.closing(
        sqlite3.connect(server.workspace / "server.sqlite3", timeout=60, isolation_level=None)
    ) as held:
        held.execute("BEGIN IMMEDIATE")
        until = time.monotonic() + seconds
        assert answered(server, "/healthz") == 200
        time.sleep(max(0.0, until - time.monotonic()))
        held.execute("ROLLBACK")


def look(server: TrialServer, platform: Platform, starts: dict[str, int]) -> dict[str, object]:
    server.wait_until_well()
    assert {name: p["starts"] for name, p in server.status().items()} == starts, "it recovers by itself"
    wait_until("every job", lambda: server.inspect("jobs")["done"] == 3)
    wait_until("every row's place", lambda: "Waiting    0" in server.ledger_verifies().stdout)
    assert server.stop() == 0
    found = hold_against(server, platform)
    assert found["lost"] == []
    assert (found["case_duplicates"], found["without_bytes"], found["listed_clear"]) == (0, 0, 0)
    assert platform.clear_though_listed() == 0
    assert server.ledger_verifies().returncode == 0
    # Never 500, which says that nobody knows what happened.
    assert set(platform.refused) <= {"503"}, platform.refused
    return {
        "away_uploads": len(platform.acknowledged),
        "away_acknowledged_lost": len(found["lost"]),
        "away_answered_503": platform.refused["503"],
        "away_answered_500": platform.refused["500"],
    }


def take_away(server: TrialServer, absences: list[tuple[str, float]]) -> dict[str, object]:
    platform = server.begin(jobs=3)
    server.wait_until_well()
    starts = {name: p["starts"] for name, p in server.status().items()}
    platform.start()
    for mode, seconds in absences:
        acknowledged = len(platform.acknowledged)
        if ON_POSTGRES:
            stop_and_start(server, mode, seconds)
        else:
            lock(server, seconds)
        wait_until("uploads to go on", lambda: len(platform.acknowledged) > acknowledged + 12)  # noqa: B023
    platform.stop()
    return look(server, platform, starts)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_database_that_goes_away_again_and_again():
    # Longer than a request waits for SQLite's lock, 20 seconds.
    absences = [("fast", 3.0), ("immediate", 3.0)] * 3 if ON_POSTGRES else [("", 24.0), ("", 3.0), ("", 3.0)]
    with trial_server() as server:
        found = take_away(server, absences)
        figures(away=len(absences), **found)
    expected = Counter({"503": 1})
    assert found["away_answered_503"] >= expected["503"]
