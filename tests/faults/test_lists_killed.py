"""Whoever imports lists or rotates keys may be killed at any moment; what was acknowledged is kept."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conformance import pdq, replayed

from safelight.lists import HashListInfo
from safelight.types import ListClass, Signal
from safelight.workspace import Workspace, rotate, unfinished
from safelight.workspace.verification import verify_lists

IMPORTER = """
import sys
from conformance import entries
from safelight.errors import ListExists
from safelight.lists import HashListInfo
from safelight.workspace import Workspace

print("started", flush=True)
workspace, _ = Workspace.open_or_create()
try:
    workspace.store.create(HashListInfo("a", "test"))
except ListExists:
    pass
for start in range(int(sys.argv[1]), 10**9, 40):
    workspace.store.add(entries(range(start, start + 40)))
    if start % 3 == 0:
        workspace.store.withdraw("a", [f"key {start}"])
    print(start + 40, flush=True)
"""

ROTATOR = """
from safelight.lists import sqlite
from safelight.workspace import Workspace, rotate

sqlite.BATCH = 25
workspace = Workspace.open()
print("started", flush=True)
while True:
    rotate(workspace)
    print("rotated", flush=True)
"""


def _kill_at_random(rng: random.Random, code: str, *arguments: str, lines: int) -> list[str]:
    """Run Python code, kill it after some lines and a moment, and return every line that it printed."""
    child = subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    with child, child.stdout as output:
        said = [next(output) for _ in range(rng.randint(1, lines))]
        time.sleep(rng.random() ** 3 * 0.3)
        child.kill()
        said += output.readlines()
    return [line.strip() for line in said if line.endswith("\n")]


def _assert_sound(workspace: Workspace) -> None:
    findings = list(verify_lists(workspace, lambda _done, _total: None))
    assert [finding.text for finding in findings if not finding.ok] == []
    assert replayed(workspace.store) == dict(workspace.store.live("pdq"))


def _kill_importers(times: int, seed: int) -> None:
    rng = random.Random(seed)
    acknowledged = 0
    for _ in range(times):
        said = _kill_at_random(rng, IMPORTER, str(acknowledged), lines=6)
        acknowledged = int(said[-1]) if said[-1] != "started" else acknowledged
        workspace, made = Workspace.open_or_create()
        with workspace:
            assert not (made and acknowledged)
            if not acknowledged:
                continue
            _assert_sound(workspace)
            keys = range(acknowledged)
            found = workspace.store.find([Signal("pdq", pdq(number)) for number in keys])
            missing = [number for number, result in zip(keys, found, strict=True) if not result]
            assert all(number % 40 == 0 and number % 3 == 0 for number in missing)
            live = workspace.store.get("a").entries + len(missing)
            assert acknowledged <= live <= acknowledged + 40
    assert acknowledged


def _kill_rotators(times: int, seed: int) -> None:
    from conformance import entries

    rng = random.Random(seed)
    with Workspace.create() as workspace:
        workspace.store.create(HashListInfo("a", ListClass.TEST))
        workspace.store.add(entries(range(400)))
    interrupted = 0
    for round_ in range(times):
        _kill_at_random(rng, ROTATOR, lines=3)
        with Workspace.open() as workspace:
            interrupted += unfinished(workspace)
            _assert_sound(workspace)
            found = workspace.store.find([Signal("pdq", pdq(number)) for number in range(400)])
            assert all(len(result) == 1 for result in found)
            workspace.store.add(entries([1000 + round_]))
    assert interrupted
    with Workspace.open() as workspace:
        rotate(workspace)
        assert not unfinished(workspace)
        assert workspace.store.get("a").entries == 400 + times
        _assert_sound(workspace)


def test_a_killed_import_keeps_what_it_acknowledged(workspace_directory: Path) -> None:
    _kill_importers(6, seed=1)


def test_a_killed_rotation_loses_nothing(workspace_directory: Path) -> None:
    _kill_rotators(6, seed=2)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_hundreds_of_killed_imports_keep_what_they_acknowledged(workspace_directory: Path) -> None:
    _kill_importers(200, seed=3)
    print("FIGURE lists_import_kills 200")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_hundreds_of_killed_rotations_lose_nothing(workspace_directory: Path) -> None:
    _kill_rotators(200, seed=4)
    print("FIGURE lists_rotation_kills 200")
