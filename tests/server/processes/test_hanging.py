"""A process that lives but does not work is found, killed and started anew, and that can be seen."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from serving import Server, wait_until

from safelight.server.processes import child as children
from safelight.server.processes.beats import Pulse
from safelight.server.processes.child import Child
from safelight.server.processes.programs import Program


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_stopped_processes_are_replaced(server: Server):
    server.start()
    before = server.status()
    for name in before:
        beats = server.run_directory / "beats" / name
        made = beats.stat().st_mtime_ns
        wait_until(f"{name} to beat", lambda beats=beats, made=made: beats.stat().st_mtime_ns != made)
    sandbox = sandbox_parents(server)
    assert sandbox
    stopped = [process["pid"] for name, process in before.items() if name != "jobs"] + sandbox
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    wait_until(
        "all of them to be replaced",
        lambda: all(
            server.status()[name]["pid"] not in (None, process["pid"])
            for name, process in before.items()
            if name != "jobs"
        ),
    )
    wait_until("the sandbox to be replaced", lambda: not set(sandbox) & set(sandbox_parents(server)))
    wait_until("every check to be well", lambda: not server.checks())
    now = server.status()
    assert {name: process["hangs"] for name, process in now.items()} == {
        name: int(name != "jobs") for name in before
    }
    assert server.said().count("process hung") == len(stopped)
    _, metrics = server.get("/metrics")
    assert b'safelight_process_hangs{process="vault"} 1.0' in metrics
    assert server.stop() == 0


def sandbox_parents(server: Server) -> list[int]:
    """The supervisor's children that are none of its own programs."""
    assert server.process is not None
    pids = [
        int(pid)
        for pid in Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    ]
    return sorted(set(pids) - {process["pid"] for process in server.status().values()})


def test_a_process_that_hangs_again_and_again_is_started_less_and_less(tmp_path: Path, monkeypatch):
    asleep = Program("asleep", "asyncio", frozenset(), patience=0.0)  # reads standard input, which is empty
    monkeypatch.setattr(children, "START_SECONDS", -1.0)
    child = Child(asleep, "asleep", lambda _program: None, {}, beats=tmp_path)
    pauses = []
    for _ in range(3):
        child._not_before = 0.0
        child.look_after()
        os.kill(child.pid, signal.SIGSTOP)
        assert child.end_if_hung()
        wait_until("it to be gone", child._reap)
        pauses.append(round(child._not_before - time.monotonic()))
    assert child.hangs == 3
    assert pauses == [2, 4, 8]


def test_a_clock_that_jumps_makes_nobody_silent(tmp_path: Path):
    pulse = Pulse(tmp_path / "p", patience=0.3, at_start=0.3)
    pulse.reset()
    assert not pulse.silent()
    for at in (2_000_000_000, 1_000_000_000, 3_000_000_000):
        (tmp_path / "p").touch()
        os.utime(tmp_path / "p", (at, at))
        assert not pulse.silent()
        time.sleep(0.1)
        assert not pulse.silent()
    time.sleep(0.4)
    assert pulse.silent()
