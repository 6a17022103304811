"""``safelight lists compact|stats|verify`` tell the operator how the indexes stand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from conformance import pdq

Safelight = Callable[..., Result]


@pytest.fixture
def listed(safelight: Safelight, tmp_path: Path) -> Safelight:
    file = tmp_path / "list.txt"
    file.write_text("".join(f"pdq {pdq(n)}\n" for n in range(50)))
    assert safelight("lists", "import", file, "--name", "a", "--class", "test").exit_code == 0
    return safelight


def test_before_the_first_scan_there_is_no_index(listed: Safelight) -> None:
    assert "There is no index yet" in listed("lists", "stats").stdout
    assert "There is no index yet" in listed("lists", "verify").stdout


def test_compact_builds_it_and_stats_show_it(listed: Safelight) -> None:
    assert listed("lists", "compact").stdout.startswith("pdq: 50 rows, ")
    shown = listed("lists", "stats").stdout
    assert "up to date" in shown
    assert "The pdq index is whole" in listed("lists", "verify").stdout


def test_stats_tell_how_far_behind_it_is(listed: Safelight) -> None:
    listed("lists", "compact")
    listed("lists", "remove", "a", "--yes")
    assert "50 changes behind" in listed("lists", "stats").stdout
    listed("lists", "compact")
    assert "up to date" in listed("lists", "stats").stdout


def test_verify_notices_a_damaged_snapshot_and_compact_repairs_it(listed: Safelight, tmp_path: Path) -> None:
    listed("lists", "compact")
    (snapshot,) = (tmp_path / "workspace" / "index" / "pdq").glob("snapshot-*")
    content = bytearray(snapshot.read_bytes())
    content[4096] ^= 1
    snapshot.write_bytes(content)
    result = listed("lists", "verify")
    assert result.exit_code == 1
    assert "The pdq index cannot be used: block 0" in result.stderr
    assert listed("lists", "compact").exit_code == 0
    assert listed("lists", "verify").exit_code == 0


def test_a_rotated_key_means_a_new_index(listed: Safelight) -> None:
    listed("lists", "compact")
    assert listed("keys", "rotate").exit_code == 0
    assert listed("lists", "compact").exit_code == 0
    assert "up to date" in listed("lists", "stats").stdout
    assert listed("lists", "verify").exit_code == 0
