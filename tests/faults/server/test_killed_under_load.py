"""Every process is killed at random while a platform uploads: nothing acknowledged is lost."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter

import pytest
from proc import alive, children_of, descendants
from serving import wait_until
from trial_server import TrialServer, figures, hold_against, trial_server
from trial_uploads import Platform

pytestmark = pytest.mark.xdist_group("trials")


class Killer:
    """Kills one process at a time: any that the supervisor started, and now and then the supervisor."""

    def __init__(self, server: TrialServer, seed: int, *, supervisor_every: int) -> None:
        self.server = server
        self.kills: Counter[str] = Counter()
        self._random = random.Random(seed)
        self._supervisor_every = supervisor_every

    def kill_one(self) -> None:
        assert self.server.process is not None
        if (self.kills.total() + 1) % self._supervisor_every == 0:
            self._kill_supervisor()
            return
        named = {pid: name for name, p in self.server.status().items() if (pid := p["pid"])}
        for pid in set(children_of(self.server.process.pid)) - set(named):
            named[pid] = "sandbox"
        # By name first, so that neither the two web processes nor the parents are killed more than others.
        name = self._random.choice(sorted({n.rstrip("-0123456789") for n in named.values()}))
        pid = self._random.choice(sorted(p for p, n in named.items() if n.startswith(name)))
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self.kills[name] += 1

    def _kill_supervisor(self) -> None:
        assert self.server.process is not None
        everybody = descendants(self.server.process.pid)
        self.server.process.kill()
        self.server.process.wait()
        self.kills["supervisor"] += 1
        wait_until("every process to be gone", lambda: not any(alive(pid) for pid in everybody))
        self.server.start()


def kill_under_load(
    server: TrialServer, kills: int, uploads: int, seed: int, listed: int
) -> tuple[Platform, Killer]:
    """Upload and kill until there were enough of both; then everything comes back, and stops in order."""
    heads = server.directory / "heads"
    heads.mkdir()
    server.settings["heads_directory"] = str(heads)
    platform = server.begin(jobs=kills // 2, listed=listed)
    killer = Killer(server, seed, supervisor_every=max(kills // 5, 5))
    pause = random.Random(seed)
    platform.start()
    while killer.kills.total() < kills or len(platform.acknowledged) < uploads:
        # Spread over the uploads, however slow the machine is.
        if killer.kills.total() < kills * min(1.0, (len(platform.acknowledged) + 10) / uploads):
            killer.kill_one()
        time.sleep(pause.uniform(0.2, 1.4))
    platform.stop()
    server.wait_until_well()
    assert platform.answered_differently() == []
    return platform, killer


def jobs_of(server: TrialServer, number: int) -> dict[str, object]:
    """Every job of the trial is done in the end, and none was given up."""
    return wait_until(
        "every job", lambda: found if (found := server.inspect("jobs"))["done"] == number else None
    )


def look(server: TrialServer, platform: Platform, jobs: int) -> dict[str, object]:
    found_jobs = jobs_of(server, jobs)
    wait_until(
        "every ledger row to have its place",
        lambda: "Waiting    0" in server.ledger_verifies().stdout,
    )
    assert server.stop() == 0
    ledger = server.ledger_verifies("--heads", str(server.directory / "heads"))
    found = hold_against(server, platform)
    assert found["lost"] == []
    plaintext = server.plaintext_left()
    assert plaintext == []
    assert ledger.returncode == 0, ledger.stderr
    assert (found["case_duplicates"], found["without_bytes"], found["listed_clear"]) == (0, 0, 0)
    assert platform.clear_though_listed() == 0
    assert found_jobs["dead"] == 0
    recurring = found_jobs["recurring"]
    assert isinstance(recurring, dict)
    assert set(recurring.values()) == {1}
    outcomes = Counter(told.outcome for told in platform.acknowledged)
    assert outcomes["match"], outcomes
    assert outcomes["hold"], outcomes
    return {
        "uploads": len(platform.acknowledged),
        "uploads_repeated": platform.refused.total(),
        "uploads_unscanned": outcomes["unscanned"],
        "acknowledged_lost": len(found["lost"]),
        "evidence_opened": found["evidence"],
        "cases": found["cases"],
        "case_duplicates": found["case_duplicates"],
        "plaintext_left": len(plaintext),
        "listed_but_clear": found["listed_clear"],
        "trial_jobs": jobs,
        "trial_jobs_lost": jobs - int(str(found_jobs["done"])),
    }


def test_nothing_is_lost_when_processes_are_killed_under_load():
    with trial_server() as server:
        platform, killer = kill_under_load(server, kills=6, uploads=40, seed=6, listed=20)
        assert killer.kills["supervisor"] == 1
        look(server, platform, jobs=3)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_hundred_kills_under_load():
    began = time.monotonic()
    with trial_server() as server:
        platform, killer = kill_under_load(server, kills=110, uploads=1000, seed=110, listed=400)
        found = look(server, platform, jobs=55)
    by_name = {f"kills_of_{name}": number for name, number in sorted(killer.kills.items())}
    figures(
        server_kills=killer.kills.total(), **by_name, **found, ledger="whole",
        killed_seconds=round(time.monotonic() - began),
    )  # fmt: skip
