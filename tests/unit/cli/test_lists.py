"""``safelight lists`` says what it did in plain words and exit codes, and never shows a listed value."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import Result
from conformance import pdq

Safelight = Callable[..., Result]
GOOD = "".join(f"pdq {pdq(n)}\n" for n in range(5))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "list.txt"
    path.write_text(GOOD)
    return path


@pytest.fixture
def listed(safelight: Safelight, file: Path) -> Safelight:
    assert safelight("lists", "import", file, "--name", "a", "--class", "test").exit_code == 0
    return safelight


def shown(safelight: Safelight, *words: str) -> dict[str, object]:
    result = safelight("lists", "show", *words, "--json")
    assert result.exit_code == 0
    return {line["name"]: line for line in map(json.loads, result.stdout.splitlines())}


def test_the_first_import_makes_a_workspace_and_says_where_its_key_is(
    safelight: Safelight, file: Path, tmp_path: Path
) -> None:
    result = safelight("lists", "import", file, "--name", "a", "--class", "test")
    assert result.exit_code == 0
    assert result.stdout == "a: 5 added, 0 known already, 0 updated.\n"
    (key,) = (tmp_path / "keys").iterdir()
    assert str(tmp_path / "workspace") in result.stderr
    assert str(key) in result.stderr
    again = safelight("lists", "import", file, "--name", "a", "--class", "test")
    assert (again.stdout, again.stderr) == ("a: 0 added, 5 known already, 0 updated.\n", "")


def test_a_file_that_cannot_be_read_makes_no_workspace(
    safelight: Safelight, file: Path, tmp_path: Path
) -> None:
    file.write_text("hello\n")
    result = safelight("lists", "import", file, "--name", "a", "--class", "test")
    assert result.exit_code == 2
    assert "--signal-type" in result.stderr
    assert not (tmp_path / "workspace").exists()


def test_bad_lines_are_named_and_the_good_ones_listed(safelight: Safelight, file: Path) -> None:
    file.write_text(GOOD + "pdq abc\n")
    result = safelight("lists", "import", file, "--name", "a", "--class", "test")
    assert result.exit_code == 0
    assert "line 6: it has 3 characters where pdq has 64" in result.stderr
    assert shown(safelight)["a"]["entries"] == {"pdq": 5}


def test_strict_lists_nothing_if_a_line_is_bad(safelight: Safelight, file: Path, tmp_path: Path) -> None:
    file.write_text(GOOD + "pdq abc\n")
    result = safelight("lists", "import", file, "--name", "a", "--class", "test", "--strict")
    assert result.exit_code == 1
    assert "line 6" in result.stderr
    assert "Nothing was listed" in result.stderr
    assert not (tmp_path / "workspace").exists()
    file.write_text(GOOD)
    assert safelight("lists", "import", file, "--name", "a", "--class", "test", "--strict").exit_code == 0


def test_many_bad_lines_are_counted_and_the_first_named(safelight: Safelight, file: Path) -> None:
    file.write_text(GOOD + "pdq abc\n" * 500)
    result = safelight("lists", "import", file, "--name", "a", "--class", "test")
    assert "Problems: 500" in result.stderr
    assert "and 480 more" in result.stderr
    assert len(result.stderr.splitlines()) < 30


def test_the_report_as_json(safelight: Safelight, file: Path) -> None:
    file.write_text(GOOD + "pdq abc\n")
    result = safelight("lists", "import", file, "--name", "a", "--class", "test", "--json")
    assert json.loads(result.stdout) == {
        "schema": "safelight.import/1",
        "list": "a",
        "class": "test",
        "read": 5,
        "added": 5,
        "known": 0,
        "updated": 0,
        "bad_total": 1,
        "bad": [{"line": 6, "reason": "it has 3 characters where pdq has 64"}],
    }


def test_columns_are_mapped_by_option(safelight: Safelight, file: Path) -> None:
    file.write_text(f"ID;PDQ_HASH;Category\n7;{pdq(1)};A\n")
    words = ["lists", "import", file, "--name", "a", "--class", "test", "--delimiter", ";"]
    columns = ["--column", "pdq=PDQ_HASH", "--column", "key=ID", "--column", "classification=Category"]
    assert safelight(*words, *columns).exit_code == 0
    assert safelight("lists", "withdraw", "a", "7").stdout == "Withdrew 1 entries of a.\n"
    assert safelight(*words, "--column", "pdq").exit_code == 2


def test_one_hash_a_line_needs_its_type(safelight: Safelight, file: Path) -> None:
    file.write_text(pdq(1) + "\n")
    words = ["lists", "import", file, "--name", "a", "--class", "test"]
    assert safelight(*words).exit_code == 2
    assert safelight(*words, "--format", "values").exit_code == 2
    assert safelight(*words, "--signal-type", "pdq").exit_code == 0


def test_a_list_of_no_entries_is_a_list(safelight: Safelight, file: Path) -> None:
    file.write_text("")
    assert safelight("lists", "import", file, "--name", "a", "--class", "test").exit_code == 0
    assert shown(safelight)["a"]["entries"] == {}


def test_importing_never_changes_class_or_settings(listed: Safelight, file: Path) -> None:
    result = listed("lists", "import", file, "--name", "a", "--class", "csam")
    assert (result.exit_code, "class test, not csam" in result.stderr) == (2, True)
    result = listed("lists", "import", file, "--name", "a", "--class", "test", "--distance", "10")
    assert (result.exit_code, "lists set" in result.stderr) == (2, True)
    assert shown(listed)["a"] | {"entries": 0} == {
        "name": "a",
        "class": "test",
        "distance": 31,
        "shadow": False,
        "enabled": True,
        "source": "",
        "query_percent": 80,
        "listed_percent": 80,
        "entries": 0,
    }


@pytest.mark.parametrize("name", ["", "a/b", "a:b", " a", "-a", "a\x1b[2J", "x" * 101])
def test_a_name_that_would_confuse_is_refused(safelight: Safelight, file: Path, name: str) -> None:
    result = safelight("lists", "import", file, f"--name={name}", "--class", "test")
    assert result.exit_code == 2
    assert "\x1b" not in result.output


def test_settings_are_changed_and_shown(listed: Safelight) -> None:
    assert listed("lists", "set", "a", "--distance", "20", "--shadow", "--disable").exit_code == 0
    info = shown(listed, "a")["a"]
    assert (info["distance"], info["shadow"], info["enabled"]) == (20, True, False)
    assert listed("lists", "set", "a", "--no-shadow", "--enable").exit_code == 0
    assert shown(listed)["a"]["enabled"] is True
    assert listed("lists", "set", "a").exit_code == 2
    assert listed("lists", "set", "a", "--distance", "65").exit_code == 2
    assert listed("lists", "set", "a", "--query-percent", "50", "--listed-percent", "20").exit_code == 0
    info = shown(listed, "a")["a"]
    assert (info["query_percent"], info["listed_percent"]) == (50, 20)
    assert listed("lists", "set", "a", "--query-percent", "0").exit_code == 2


def test_the_table_shows_settings_and_numbers(listed: Safelight) -> None:
    result = listed("lists", "show")
    assert all(word in result.stdout for word in ("a", "test", "31", "pdq 5"))
    assert not any(pdq(n)[:8] in result.output for n in range(5))


def test_an_unknown_list_is_one_plain_line(listed: Safelight) -> None:
    for words in (["show", "x"], ["set", "x", "--shadow"], ["remove", "x", "--yes"], ["withdraw", "x", "k"]):
        result = listed("lists", *words)
        assert result.exit_code == 1
        assert result.stderr == "Error: No list is called 'x'. There are: a.\n"


def test_removing_asks_first(listed: Safelight) -> None:
    assert listed("lists", "remove", "a").exit_code == 1  # nobody answers
    assert "a" in shown(listed)
    assert listed("lists", "remove", "a", "--yes").stdout == "Removed a and its 5 entries.\n"
    assert shown(listed) == {}


def test_a_key_that_stands_for_nothing_is_said(listed: Safelight) -> None:
    result = listed("lists", "withdraw", "a", "no such key")
    assert result.exit_code == 1
    assert "'no such key'" in result.stderr


def test_verify_says_what_was_checked(listed: Safelight) -> None:
    result = listed("lists", "verify")
    assert result.exit_code == 0
    assert result.stdout.count("ok ") == 4


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("UPDATE entry SET sealed = zeroblob(69) WHERE row = 2", "Row 2 of list 'a' was altered"),
        ("UPDATE entry SET tag = zeroblob(16) WHERE row = 2", "Row 2 of list 'a' was altered"),
        ("UPDATE entry SET row = 99 WHERE row = 2", "Row 99 of list 'a' was altered"),
        ("DELETE FROM entry WHERE row = 2", "counts of entries are wrong"),
    ],
)
def test_verify_notices_what_was_altered(
    listed: Safelight, tmp_path: Path, damage: str, message: str
) -> None:
    with closing(sqlite3.connect(tmp_path / "workspace" / "lists.sqlite3")) as plain, plain:
        plain.execute(damage)
    result = listed("lists", "verify")
    assert result.exit_code == 1
    assert message in result.stderr


def test_no_workspace_is_one_plain_line(safelight: Safelight, tmp_path: Path) -> None:
    for words in (["lists", "show"], ["lists", "verify"], ["keys", "check"], ["keys", "rotate"]):
        result = safelight(*words)
        assert result.exit_code == 1
        assert result.stderr.startswith(f"Error: There is no workspace at {tmp_path / 'workspace'}.")
        assert result.stderr.count("\n") == 1
