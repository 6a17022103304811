"""No output, log or exception of any list command ever holds a listed value, whatever is wrong."""

from __future__ import annotations

import itertools
import logging
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from conformance import pdq

Safelight = Callable[..., Result]
NUMBERS = range(40)
PIECE = 12
"""Digits of a value that may nowhere be seen in a row."""

VALUES = [pdq(n) for n in NUMBERS]
FILES = {
    "values": "\n".join(VALUES),
    "typed": "\n".join(f"pdq {value}" for value in VALUES),
    "swapped": "\n".join(f"{value} pdq" for value in VALUES),
    "table": "pdq,key\n" + "\n".join(f"{value},k{n}" for n, value in enumerate(VALUES)),
    "headless": "\n".join(f"{value},A1" for value in VALUES),
    "keys are values": "pdq,key\n" + "\n".join(f"{value},{value.upper()}" for value in VALUES),
    "broken": "pdq,key\n"
    + "\n".join(f'{value}0,"k' if n % 2 else f"{value},k" for n, value in enumerate(VALUES)),
    "short": "pdq,key\n" + "\n".join(value[:-1] + ",k" for value in VALUES),
    "wrong type": "\n".join(f"md5 {value}" for value in VALUES),
    "utf-16": "\n".join(VALUES).encode("utf-16").decode("latin-1"),
}
OPTIONS = (
    [],
    ["--signal-type", "pdq"],
    ["--signal-type", "md5"],
    ["--format", "csv"],
    ["--format", "typed"],
    ["--format", "csv", "--column", "pdq=HASH"],
    ["--column", "key=key"],
    ["--strict", "--json"],
)


@pytest.fixture(autouse=True)
def everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)


def _shows_a_value(text: str) -> bool:
    lowered = text.lower()
    return any(value[i : i + PIECE] in lowered for value in VALUES for i in range(0, 64 - PIECE, 4))


def _everything_said(result: Result, caplog: pytest.LogCaptureFixture) -> str:
    raised = "".join(traceback.format_exception(result.exception)) if result.exception else ""
    return result.output + result.stderr + raised + caplog.text


@pytest.mark.parametrize("name", FILES)
def test_import_shows_none(
    safelight: Safelight, tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    file = tmp_path / "list"
    file.write_text(FILES[name], encoding="latin-1" if name == "utf-16" else "utf-8")
    for number, options in enumerate(OPTIONS):
        result = safelight("lists", "import", file, "--name", f"list {number}", "--class", "test", *options)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        assert not _shows_a_value(_everything_said(result, caplog))


def test_the_other_commands_show_none(
    safelight: Safelight, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "list"
    file.write_text(FILES["table"])
    database = tmp_path / "workspace" / "lists.sqlite3"
    commands = (
        ["lists", "import", file, "--name", "a", "--class", "test"],
        ["lists", "show"],
        ["lists", "show", "a", "--json"],
        ["lists", "set", "a", "--distance", "3"],
        ["lists", "verify"],
        ["keys", "show"],
        ["keys", "check"],
        ["keys", "rotate"],
        ["lists", "withdraw", "a", "k1", "k2"],
    )
    for words in commands:
        result = safelight(*words)
        assert result.exit_code == 0, result.output
        assert not _shows_a_value(_everything_said(result, caplog))
    content = bytearray(database.read_bytes())
    for place in itertools.islice(range(5000, len(content), 97), 500):
        content[place] ^= 0x55
    database.write_bytes(content)
    for words in commands:
        result = safelight(*words)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        assert not _shows_a_value(_everything_said(result, caplog))


def test_the_search_for_values_would_find_one() -> None:
    assert _shows_a_value(f"... {VALUES[7].upper()} ...")
    assert not _shows_a_value("0123456789abcdef" * 8)
