"""A year passes under load: the purge keeps what a receipt asks to keep, to the day, and then lets it go.

The machine is "switched off" between the days, as its time since the start goes with its clock then. Debian's
``faketime`` is the clock of every process.
"""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from serving import wait_until
from trial_server import TrialServer, figures, trial_server
from trial_uploads import Platform

FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
pytestmark = [
    pytest.mark.xdist_group("trials"),
    pytest.mark.skipif(FAKETIME is None, reason="needs Debian's faketime"),
]
FILES = 8
HELD = 2
STARTS = 5


@pytest.fixture
def clock() -> Iterator[Path]:
    """What every process of the server believes once it is switched on with it: an offset."""
    directory = Path(tempfile.mkdtemp(prefix="sl-clock-", dir="/tmp"))
    directory.chmod(0o755)
    yield directory / "clock"
    shutil.rmtree(directory)


def switch_on(server: TrialServer, clock: Path, offset: str) -> None:
    """The machine starts again, at that time."""
    clock.write_text(offset)
    server.inspect("switched_on")
    server.extra = {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    server.ended = False
    for _ in range(STARTS):
        try:
            server.start()
        except AssertionError:
            # faketime fails the sleeps of whoever waits for a lock, and the server then ends.
            if "Invalid argument" not in server.said_since_start():
                raise
        else:
            return
    raise AssertionError(server.said_since_start())


def purged_under_load(server: TrialServer, platform: Platform, times: int) -> dict[str, Any]:
    """Purge again and again while uploads go on, and say what is left of what was preserved."""
    platform.start(3)
    for _ in range(times):
        before = len(platform.acknowledged)
        purge = server.inspect("enqueue_due", {"kind": "vault.purge"})
        wait_until("the purge", lambda id_=purge: server.inspect("job", {"id": id_})["state"] == "done")
        wait_until("uploads to go on", lambda seen=before: len(platform.acknowledged) > seen + 5)
    platform.stop()
    found: dict[str, Any] = server.inspect("preserved")
    return found


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_364_and_366_days_after_a_receipt(clock: Path) -> None:
    with trial_server() as server:
        platform = server.begin()
        kept, others = platform.pictures.listed[:FILES], platform.pictures.listed[FILES:]
        platform.pictures = dataclasses.replace(platform.pictures, listed=others)
        for number, picture in enumerate(kept):
            platform.upload(picture, f"reported-{number}")
        told = server.inspect("receipt", {"held": HELD})
        assert told["objects"] == FILES
        wait_until("the contexts to be sealed", lambda: server.inspect("preserved")["contexts"] == FILES)
        server.end()  # not in order: faketime fails the absolute sleeps of an orderly stop

        switch_on(server, clock, "+364d")
        early = purged_under_load(server, platform, 3)
        assert early == {"contexts": FILES, "gone": 0, "held_gone": 0, "others_gone": 0}
        server.end()

        switch_on(server, clock, "+8786h")  # 366 days and two hours
        late = purged_under_load(server, platform, 1)
        # The context of a held file's case is no file of that hold, and goes with its year.
        assert late == {"contexts": FILES, "gone": 2 * FILES - HELD, "held_gone": 0, "others_gone": 0}
        server.extra = {}
        assert server.ledger_verifies().returncode == 0
        figures(
            preserved_files=FILES,
            preserved_purged_early=early["gone"],
            preserved_held_purged=late["held_gone"],
            preserved_others_purged=early["others_gone"] + late["others_gone"],
            preserved_uploads=len(platform.acknowledged),
        )
