"""A writer killed at any moment loses nothing acknowledged and leaves nothing that answers wrongly."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


def trial(scripts: Path, directory: Path, kills: int, seed: int) -> dict[str, int]:
    done = subprocess.run(
        [sys.executable, scripts / "crash_trial.py", directory, str(kills), str(seed)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_killed_dozens_of_times_it_loses_nothing(scripts: Path, tmp_path: Path) -> None:
    state = trial(scripts, tmp_path / "indexes", kills=40, seed=1)
    assert (state["lost"], state["wrong"]) == (0, 0)
    assert state["snapshots"] > 0, "no compaction was ever under way: the trial proves too little"


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_killed_hundreds_of_times_it_loses_nothing(scripts: Path, tmp_path: Path) -> None:
    state = trial(scripts, tmp_path / "indexes", kills=300, seed=2)
    print(f"\nFIGURE crash_kills {state['kills']}")
    print(f"FIGURE lost_acknowledged {state['lost']}")
    print(f"FIGURE wrong_after_crash {state['wrong']}")
    assert (state["lost"], state["wrong"]) == (0, 0)
