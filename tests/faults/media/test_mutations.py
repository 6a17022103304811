"""No file, however broken, makes a decoder crash, hang or say what is not a message."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from safelight.native import _images

SUPPORT = Path(__file__).parents[2] / "support"


def outcomes(seed: int, count: int, timeout: float, program: str = "mutations.py") -> dict[str, int]:
    command = [sys.executable, SUPPORT / program, str(seed), str(count)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    found: dict[str, int] = json.loads(run.stdout)
    return found


def many_outcomes(seed: int, count: int, program: str = "mutations.py") -> Counter[str]:
    """The same in as many processes as there are processors, each with a seed of its own."""
    processes = os.cpu_count() or 1
    share = -(-count // processes)
    with ThreadPoolExecutor(processes) as pool:
        each = pool.map(lambda n: outcomes(seed + n, share, 1700, program), range(processes))
        return sum((Counter(found) for found in each), Counter())


def test_broken_files_end_well() -> None:
    found = outcomes(seed=1, count=20_000, timeout=120)
    # Each way of ending was reached, so that the files were neither all refused nor all harmless.
    for outcome in ("hashed", "deferred", "truncated", "damaged", "too_many_pixels"):
        assert found[outcome] > 10, found


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_many_broken_files_end_well() -> None:
    seed = int(time.time())
    found = many_outcomes(seed, count=1_000_000)
    print(f"FIGURE mutated_pictures=1000000 crashes=0 seed={seed} outcomes={json.dumps(found)}")


def test_broken_jpegs_show_what_libjpeg_turbo_shows() -> None:
    found = outcomes(seed=1, count=4_000, timeout=120, program="jpeg_mutations.py")
    assert found["left to the library"] > 1000, found
    assert found["ours"] > 1000 or not _images.own_jpeg_decoder(), found


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_many_broken_jpegs_show_what_libjpeg_turbo_shows() -> None:
    seed = int(time.time())
    found = many_outcomes(seed, count=200_000, program="jpeg_mutations.py")
    print(f"FIGURE mutated_jpegs=200000 differences=0 seed={seed} outcomes={json.dumps(found)}")


def test_broken_sounds_end_well() -> None:
    found = outcomes(seed=1, count=2_000, timeout=240, program="sound_mutations.py")
    for outcome in ("fingerprinted", "damaged"):
        assert found[outcome] > 100, found


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_many_broken_sounds_end_well() -> None:
    seed = int(time.time())
    found = many_outcomes(seed, count=20_000, program="sound_mutations.py")
    print(f"FIGURE mutated_sounds=20000 crashes=0 seed={seed} outcomes={json.dumps(found)}")


def test_broken_videos_end_well() -> None:
    found = outcomes(seed=1, count=2_000, timeout=240, program="video_mutations.py")
    for outcome in ("hashed", "damaged", "truncated", "empty"):
        assert found[outcome] > 10, found


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_many_broken_videos_end_well() -> None:
    seed = int(time.time())
    found = many_outcomes(seed, count=20_000, program="video_mutations.py")
    print(f"FIGURE mutated_videos=20000 crashes=0 seed={seed} outcomes={json.dumps(found)}")
