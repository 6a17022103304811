"""Each instruction set gives the same, exact answers; one that the CPU lacks is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TRIAL = Path(__file__).with_name("isa_trial.py")


@pytest.mark.parametrize("isa", ["scalar", "avx2", "avx512"])
def test_every_instruction_set_is_exact(isa: str, tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, str(TRIAL), str(tmp_path / "index")],
        env={**os.environ, "SAFELIGHT_ISA": isa},
        capture_output=True,
        text=True,
        check=False,
    )
    if "this CPU offers at most" in run.stderr or (run.returncode == 0 and run.stdout != isa):
        pytest.skip(f"this CPU has no {isa}")
    assert run.returncode == 0, run.stderr


def test_an_unknown_instruction_set_is_refused() -> None:
    run = subprocess.run(
        [sys.executable, "-c", "from safelight.native import _hamming; _hamming.isa()"],
        env={**os.environ, "SAFELIGHT_ISA": "mmx"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode != 0
    assert "scalar, avx2 or avx512" in run.stderr
