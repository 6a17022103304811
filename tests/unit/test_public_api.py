"""One page of public names: all there, all documented by what they are, and light to import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import safelight


@pytest.mark.parametrize("name", safelight.__all__)
def test_every_name_is_there(name: str) -> None:
    assert getattr(safelight, name) is not None
    assert name in dir(safelight)


def test_the_page_lists_every_name_once() -> None:
    assert len(set(safelight.__all__)) == len(safelight.__all__)
    assert set(safelight.__all__) == set(safelight._WHERE)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        _ = safelight.nonsense  # type: ignore[attr-defined]


def test_importing_it_loads_nothing_heavy() -> None:
    heavy = "pydantic cryptography numpy PIL rich click sqlite3 safelight.native"
    code = f"import sys, safelight; print([m for m in {heavy.split()!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_room_called_scan_can_be_called_and_entered(tmp_path: Path) -> None:
    code = (
        "import safelight\n"
        "from safelight.scan.policy import DEFAULT_POLICY\n"
        "import safelight.scan.walk\n"
        "print(safelight.scan(b'', lists=[]).verdict.reason)\n"
        "print(safelight.scan.walk.Walk)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[0] == "no_list"
