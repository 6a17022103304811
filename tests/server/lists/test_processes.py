"""A change of the lists is searched by every process, withdrawals too: with the real index writer."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from conformance import entries, entry, pdq

from safelight.lists import HashListInfo
from safelight.types import ListClass

SEARCHING = Path(__file__).with_name("searching_process.py")


def near(value: str) -> str:
    return f"{int(value, 16) ^ 0b1011:064x}"


@pytest.fixture
def process(committing_store: Any, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start one of the server's processes on this test's database."""
    from server_process import environment

    with ExitStack() as stack:
        env, keys = stack.enter_context(environment())
        env |= {"SAFELIGHT_WORKSPACE": str(tmp_path), "SAFELIGHT_SUPERVISOR": str(os.getpid())}
        running: list[subprocess.Popen[str]] = []

        def start(*arguments: str) -> subprocess.Popen[str]:
            running.append(
                subprocess.Popen(
                    [sys.executable, *arguments],
                    env=env, pass_fds=[keys], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                )
            )  # fmt: skip
            return running[-1]

        yield start
        for one in running:
            one.kill()
            one.communicate()


@pytest.fixture
def searchers(process: Callable[..., Any], committing_store: Any) -> list[Callable[[str], list[str]]]:
    """Two processes that search, and the index writer that serves them."""
    committing_store.create(HashListInfo("a", ListClass.TEST))
    committing_store.add(entries(range(1000, 2000)))
    process("-m", "safelight.server.processes.indexes")
    made = [process(str(SEARCHING)) for _ in range(2)]

    def asking(one: subprocess.Popen[str]) -> Callable[[str], list[str]]:
        def ask(value: str) -> list[str]:
            assert one.stdin is not None
            assert one.stdout is not None
            one.stdin.write(value + "\n")
            one.stdin.flush()
            answer = one.stdout.readline()
            assert answer, "the searching process ended"
            return answer.rstrip("\n").split("\t") if answer.strip() else []

        return ask

    asked = [asking(one) for one in made]
    for ask in asked:
        assert ask(near(pdq(1500))) == ["key 1500"]
    return asked


def test_additions_and_withdrawals_are_searched_by_every_process(
    searchers: list[Any], committing_store: Any
) -> None:
    for number in range(5):
        committing_store.add([entry(number)])
        assert [ask(near(pdq(number))) for ask in searchers] == [[f"key {number}"]] * 2
        committing_store.withdraw("a", [f"key {number}"])
        assert [ask(near(pdq(number))) for ask in searchers] == [[]] * 2


def test_settings_are_searched_with_at_once(searchers: list[Any], committing_store: Any) -> None:
    committing_store.change("a", distance=2)
    assert [ask(near(pdq(1500))) for ask in searchers] == [[]] * 2
    committing_store.change("a", distance=3)
    assert [ask(near(pdq(1500))) for ask in searchers] == [["key 1500"]] * 2


@pytest.mark.slow
def test_how_soon_a_change_is_searched(searchers: list[Any], committing_store: Any) -> None:
    from django.db import connection

    seconds: dict[str, list[float]] = {"add": [], "withdraw": []}
    for number in range(40):
        for act, expected in (("add", [f"key {number}"]), ("withdraw", [])):
            if act == "add":
                committing_store.add([entry(number)])
            else:
                committing_store.withdraw("a", [f"key {number}"])
            committed = time.perf_counter()
            assert [ask(near(pdq(number))) for ask in searchers] == [expected] * 2
            seconds[act].append(time.perf_counter() - committed)
    for act, taken in seconds.items():
        print(
            f"FIGURE list_change_searched_{act}_{connection.vendor}: median {statistics.median(taken):.3f} s,"
            f" worst {max(taken):.3f} s of {len(taken)}, by two processes one after the other"
        )
