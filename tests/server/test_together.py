"""Writes that come together are committed together, and each caller is told what became of its own."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from safelight.server.together import Together, WrittenTogether


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
