"""Writes that come together are committed together, and each caller is told what became of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from safelight.server.together import SLOW_SECONDS, Behind, Together, WrittenTogether


def test_whoever_comes_while_a_write_runs_is_written_by_the_next_one() -> None:
    batches: list[list[int]] = []
    first, rest_came = threading.Event(), threading.Event()

    def write(asked: Sequence[int]) -> list[int]:
        batches.append(list(asked))
        first.set()
        rest_came.wait(10)
        return [one * 2 for one in asked]

    together = Together(write, most=64)
    with ThreadPoolExecutor(9) as pool:
        told = [pool.submit(together, 0)]
        first.wait(10)
        told += [pool.submit(together, number) for number in range(1, 9)]
        while len(together._queue) < 8:
            pass
        rest_came.set()
        assert [one.result() for one in told] == [2 * number for number in range(9)]
    assert batches[0] == [0]
    assert sorted(batches[1]) == list(range(1, 9))


def test_no_more_than_so_many_are_written_at_once() -> None:
    sizes: list[int] = []

    def write(asked: Sequence[int]) -> Sequence[int]:
        sizes.append(len(asked))
        return asked

    together = Together(write, most=3)
    with ThreadPoolExecutor(20) as pool:
        assert sorted(pool.map(together, range(100))) == list(range(100))
    assert max(sizes) <= 3
    assert sum(sizes) == 100


def test_what_fails_together_is_told_to_each() -> None:
    def write(_asked: Sequence[int]) -> Sequence[int]:
        raise ValueError("no room")

    together = Together(write)
    for _ in range(2):
        with pytest.raises(WrittenTogether) as failed:
            together(1)
        assert isinstance(failed.value.__cause__, ValueError)


def test_who_hands_over_is_told_after_the_commit_and_never_before() -> None:
    order: list[str] = []
    may_commit, over = threading.Event(), threading.Event()

    def write(asked: Sequence[str]) -> None:
        may_commit.wait(10)
        order.extend(f"{one} written" for one in asked)

    def told(error: Exception | None) -> None:
        assert error is None
        order.append("told")
        if order.count("told") == 3:
            over.set()

    behind = Behind(write, "test-behind")
    for one in "abc":
        behind(one, told)
    assert not order
    may_commit.set()
    assert over.wait(10)
    assert [one for one in order if one != "told"] == ["a written", "b written", "c written"]
    assert order[0] == "a written"
    assert order[-1] == "told"


def test_each_of_a_failed_write_is_told_why_and_the_next_ones_are_written() -> None:
    fails = threading.Event()
    fails.set()
    told: list[tuple[int, Exception | None]] = []
    over = threading.Event()

    def write(_asked: Sequence[int]) -> None:
        if fails.is_set():
            raise ValueError("no room")

    def tell(number: int, error: Exception | None) -> None:
        told.append((number, error))
        if number in (1, 3):
            over.set()
        if number == 0:
            raise RuntimeError("whoever asked has left")

    behind = Behind(write, "test-behind")
    for number in range(2):
        behind(number, lambda error, number=number: tell(number, error))  # type: ignore[misc]
    assert over.wait(10)
    assert [(number, type(error)) for number, error in told] == [(0, ValueError), (1, ValueError)]
    fails.clear()
    over.clear()
    behind(3, lambda error: tell(3, error))
    assert over.wait(10)
    assert told[-1] == (3, None)


def test_a_commit_that_may_never_end_is_told_from_one_that_is_quick() -> None:
    going, over = threading.Event(), threading.Event()
    behind: Behind[int] = Behind(lambda _asked: going.wait(60), "test-behind")
    behind(1, lambda _error: over.set())
    until = time.monotonic() + 60
    while not behind.is_slow() and time.monotonic() < until:
        time.sleep(SLOW_SECONDS / 10)
    assert behind.is_slow()
    going.set()
    assert over.wait(10)
    assert not behind.is_slow()
