"""``safelight keys`` looks after the root key and never shows it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from conformance import pdq

Safelight = Callable[..., Result]


@pytest.fixture
def key_file(safelight: Safelight, tmp_path: Path) -> Path:
    (tmp_path / "list.txt").write_text(f"pdq {pdq(1)}\n")
    assert (
        safelight("lists", "import", tmp_path / "list.txt", "--name", "a", "--class", "test").exit_code == 0
    )
    (key_file,) = (tmp_path / "keys").iterdir()
    return key_file


def secrets(key_file: Path) -> list[str]:
    return re.findall(r'secret = "(.*)"', key_file.read_text())


def test_keys_are_shown_by_id_and_never_whole(safelight: Safelight, key_file: Path) -> None:
    safelight("keys", "rotate")
    table, as_json = safelight("keys", "show"), safelight("keys", "show", "--json")
    shown = json.loads(as_json.stdout)
    assert shown["key_file"] == str(key_file)
    assert [key["use"] for key in shown["keys"]] == ["unused", "seals"]
    assert all(key["id"] in table.stdout for key in shown["keys"])
    assert len(secrets(key_file)) == 2
    for secret in secrets(key_file):
        assert secret[:8] not in table.output + as_json.output


def test_check_says_that_all_is_well(safelight: Safelight, key_file: Path) -> None:
    result = safelight("keys", "check")
    assert (result.exit_code, str(key_file) in result.stdout, result.stderr) == (0, True, "")


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda path: path.unlink(), "no root key"),
        (lambda path: path.chmod(0o644), "chmod 600"),
        (lambda path: path.parent.chmod(0o777), "chmod go-w"),
        (lambda path: path.write_text("format = 1"), "damaged"),
        (lambda path: path.write_text(path.read_text().replace("workspace = ", "was = ")), "damaged"),
    ],
)
def test_a_key_that_will_not_do_is_one_plain_line(
    safelight: Safelight, key_file: Path, harm: Callable[[Path], None], message: str
) -> None:
    harm(key_file)
    for words in (["keys", "check"], ["keys", "show"], ["lists", "show"]):
        result = safelight(*words)
        assert result.exit_code == 1
        assert message in result.stderr
        assert result.stderr.count("\n") == 1
        assert "Traceback" not in result.output


def test_rotate_then_retire(safelight: Safelight, key_file: Path) -> None:
    assert "keys retire" in safelight("keys", "rotate").stdout
    assert safelight("keys", "retire").exit_code == 1  # nobody answers
    assert len(secrets(key_file)) == 2
    assert safelight("keys", "retire", "--yes").exit_code == 0
    assert len(secrets(key_file)) == 1
    assert "nothing was removed" in safelight("keys", "retire", "--yes").stdout
    assert safelight("lists", "verify").exit_code == 0


def test_an_interrupted_rotation_is_said_and_finished(safelight: Safelight, key_file: Path) -> None:
    from safelight.workspace import Workspace

    with Workspace.open() as workspace:
        workspace.key_file.add_primary()
    assert "interrupted" in safelight("keys", "check").stderr
    assert safelight("keys", "retire", "--yes").exit_code == 2
    assert "Finished the interrupted rotation" in safelight("keys", "rotate").stdout
    assert safelight("keys", "check").stderr == ""
