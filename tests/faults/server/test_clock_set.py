"""The machine's clock is set forward and back while it serves: leases hold, and no evidence goes early.

The clock of every process is changed by Debian's ``faketime``, PostgreSQL's too. Time since the machine's
start goes on, as it does when an administrator sets a clock.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import wait_until
from trial_server import TrialServer, figures, hold_against, trial_server
from trial_uploads import Picture, Platform

FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
pytestmark = [
    pytest.mark.xdist_group("trials"),
    pytest.mark.skipif(FAKETIME is None, reason="needs Debian's faketime"),
]

DAY = 86_400
UNSCANNED = Picture(b"words that are no picture, kept for seven days to be scanned after all", listed=False)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """What the processes started from here on believe: an offset, read anew each time they ask."""
    directory = Path(tempfile.mkdtemp(prefix="sl-clock-", dir="/tmp"))
    directory.chmod(0o755)
    file = directory / "clock"
    file.write_text("+0d")
    monkeypatch.setenv("LD_PRELOAD", str(FAKETIME))
    monkeypatch.setenv("FAKETIME_TIMESTAMP_FILE", str(file))
    monkeypatch.setenv("FAKETIME_NO_CACHE", "1")
    monkeypatch.setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1")
    yield file
    shutil.rmtree(directory)


def set_clock(clock: Path, offset: str) -> None:
    draft = clock.with_name("draft")
    draft.write_text(offset)
    draft.replace(clock)


def set_and_look(server: TrialServer, platform: Platform, clock: Path, offset: str) -> None:
    """With that clock uploads and jobs go on, a purge refuses, and /readyz says why."""
    set_clock(clock, offset)
    before = len(platform.acknowledged)
    wait_until("uploads to go on", lambda: len(platform.acknowledged) > before + 10)
    purge = server.inspect("enqueue_due", {"kind": "vault.purge"})
    other = server.inspect("enqueue_due", {"kind": "vault.orphans"})
    wait_until("a job", lambda: server.inspect("job", {"id": other})["state"] == "done")
    refused = wait_until(
        "the purge", lambda: told if (told := server.inspect("job", {"id": purge}))["error"] else None
    )
    assert "ClockUntrusted" in refused["error"]
    assert (
        "Nothing is destroyed" in server.checks()["clock"]
        or "nothing is destroyed" in server.checks()["clock"]
    )
    for name in ("jobs", "web-1"):
        server.kill(name)  # a process that starts with the wrong clock knows no better
    assert "clock" in server.checks()


def serve_with_clocks(clock: Path, offsets: list[str]) -> dict[str, object]:
    with trial_server() as server:
        platform = server.begin()
        for picture in (UNSCANNED, *platform.pictures.listed[:4]):
            platform.upload(picture)
        server.wait_until_well()
        platform.start(3)
        for offset in offsets:
            set_and_look(server, platform, clock, offset)
        set_clock(clock, "+0d")
        platform.stop()
        # A minute's rows are placed with the right time, and everything is well again.
        platform.upload(platform.pictures.others[0])
        server.wait_until_well()
        purge = server.inspect("enqueue_due", {"kind": "vault.purge"})
        wait_until("the purge", lambda: server.inspect("job", {"id": purge})["state"] == "done")
        # What a clock that was ahead put off comes in time again; what it did for tomorrow, a day later.
        wait_until("recurring work", lambda: server.inspect("jobs")["latest_seconds"] <= 2 * DAY)
        server.end()  # not in order: faketime fails the absolute sleeps of an orderly stop
        found = hold_against(server, platform)
        assert found["lost"] == []
        assert (found["case_duplicates"], found["without_bytes"], found["listed_clear"]) == (0, 0, 0)
        assert server.ledger_verifies().returncode == 0
        assert set(platform.refused) <= {"503", "RemoteDisconnected", "ConnectionResetError"}
        assert found["destroyed"] == 0
        return {
            "clock_uploads": len(platform.acknowledged),
            "clock_acknowledged_lost": len(found["lost"]),
            "clock_purged_early": found["destroyed"],
        }


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_clock_that_is_set_forward_and_back(clock):
    offsets = ["+400d", "-400d", "+1h"]
    figures(clock_settings=len(offsets), **serve_with_clocks(clock, offsets))
