"""Adding, withdrawing and compacting in any order, a search finds the live rows and no other."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safelight.native import _hamming


def numbers(*rows: int) -> Any:
    return np.array(rows, dtype=np.uint64)


# Few hashes and few rows, so that the same ones meet again and again.
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 9), st.integers(0, 15)),
        st.tuples(st.just("withdraw"), st.integers(0, 0), st.integers(0, 15)),
        st.tuples(st.just("compact"), st.integers(0, 0), st.integers(0, 0)),
    ),
    max_size=40,
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, cap=st.integers(0, 20), radius=st.sampled_from([0, 3, 31, 130, 256]))
def test_any_interleaving_equals_the_model(
    engine: Any, build: Any, steps: list[tuple[str, int, int]], cap: int, radius: int
) -> None:
    rng = np.random.default_rng(1)
    pool = engine.shapes["clustered"](rng, 10)
    live: set[tuple[int, int]] = set()  # (which of the pool, row)
    snapshot, delta = None, _hamming.Delta(engine.key)
    for what, which, row in steps:
        if what == "add":
            delta.add(pool[which : which + 1], numbers(row))
            live.add((which, row))
        elif what == "withdraw":
            delta.withdraw(numbers(row))
            live = {pair for pair in live if pair[1] != row}
        else:
            ordered = sorted(live)
            snapshot = build(pool[[w for w, _ in ordered]].reshape(-1, 32), numbers(*(r for _, r in ordered)))
            delta = _hamming.Delta(engine.key)
    truth = engine.truth(pool[[w for w, _ in live]].reshape(-1, 32), numbers(*(r for _, r in live)))
    result = _hamming.search(snapshot, delta, pool, radius, cap)
    for i, query in enumerate(pool):
        expected = truth.near(query, radius)
        assert engine.pairs(result, i) == expected[:cap]
        assert bool(result[3][i]) == (len(expected) > cap)


def test_rows_added_and_withdrawn_many_times_in_random_order(engine: Any) -> None:
    rng = np.random.default_rng(8)
    hashes = engine.shapes["uniform"](rng, 60)
    delta, live = _hamming.Delta(engine.key), set[int]()
    for row in rng.integers(0, 60, 2000).tolist():
        if row in live:
            delta.withdraw(numbers(row))
            live.remove(row)
        else:
            delta.add(hashes[row : row + 1], numbers(row))
            live.add(row)
        if rng.random() < 0.1:
            assert set(delta.search(hashes, 0, 10)[0].tolist()) == live
            assert len(delta) == len(live)


def test_a_withdrawn_row_never_displaces_a_live_one(engine: Any, build: Any) -> None:
    hashes = np.zeros((50, 32), np.uint8)
    snapshot, delta = build(hashes, np.arange(50, dtype=np.uint64)), _hamming.Delta(engine.key)
    delta.withdraw(np.arange(40, dtype=np.uint64))
    assert _hamming.search_one(snapshot, delta, bytes(32), 0, 10) == (
        [(0, row) for row in range(40, 50)],
        False,
    )
    assert _hamming.search_one(snapshot, delta, bytes(32), 0, 9)[1], "the tenth live row was left out"


def test_a_row_in_snapshot_and_delta_counts_once(engine: Any, build: Any) -> None:
    hashes = np.zeros((1, 32), np.uint8)
    snapshot, delta = build(hashes, numbers(7)), _hamming.Delta(engine.key)
    delta.add(hashes, numbers(7))
    delta.add(hashes, numbers(7))
    assert _hamming.search_one(snapshot, delta, bytes(32), 31, 10) == ([(0, 7)], False)


def test_withdrawn_rows_are_told(engine: Any) -> None:
    delta = _hamming.Delta(engine.key)
    delta.add(np.zeros((2, 32), np.uint8), numbers(1, 2))
    delta.withdraw(numbers(2, 9))
    assert delta.hidden(numbers(1, 2, 9)).tolist() == [False, True, True]
    assert (len(delta), delta.withdrawn) == (1, 2)


def test_a_changed_row_is_found_under_its_new_hash_only(engine: Any, build: Any) -> None:
    old, new = np.zeros((1, 32), np.uint8), np.full((1, 32), 255, np.uint8)
    snapshot, delta = build(old, numbers(3)), _hamming.Delta(engine.key)
    delta.withdraw(numbers(3))
    delta.add(new, numbers(3))
    assert _hamming.search_one(snapshot, delta, old.tobytes(), 31, 10) == ([], False)
    assert _hamming.search_one(snapshot, delta, new.tobytes(), 31, 10) == ([(0, 3)], False)


def test_searches_go_on_while_one_thread_changes_things(engine: Any, build: Any) -> None:
    """What was added before a search began is found by it; what was withdrawn before is not."""
    rng = np.random.default_rng(2)
    hashes = engine.shapes["uniform"](rng, 600)
    snapshot, delta = build(hashes[:300], np.arange(300, dtype=np.uint64)), _hamming.Delta(engine.key)
    done, faults = threading.Event(), []
    added = withdrawn = 0  # written by the one writer after the fact, read by searchers before the search

    def search() -> None:
        local = np.random.default_rng(threading.get_ident() % 1000)
        while not done.is_set():
            must, gone = added, withdrawn
            row = int(local.integers(0, 600))
            found = _hamming.search_one(snapshot, delta, hashes[row].tobytes(), 0, 10)[0]
            if 300 <= row < 300 + must and found != [(0, row)]:
                faults.append(f"row {row} was added and not found")
            if row < gone and found:
                faults.append(f"row {row} was withdrawn and found")

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    for row in range(300):
        delta.add(hashes[300 + row : 301 + row], numbers(300 + row))
        added = row + 1
        delta.withdraw(numbers(row))
        withdrawn = row + 1
    done.set()
    for thread in threads:
        thread.join()
    assert faults == []


def test_different_keys_and_nothing_at_all_are_refused(engine: Any, build: Any) -> None:
    snapshot = build(np.zeros((1, 32), np.uint8), numbers(1))
    with pytest.raises(ValueError, match="different keys"):
        _hamming.search_one(snapshot, _hamming.Delta(bytes(32)), bytes(32), 31, 10)
    with pytest.raises(ValueError, match="nothing to search"):
        _hamming.search_one(None, None, bytes(32), 31, 10)


def test_impossible_additions_change_nothing(engine: Any) -> None:
    delta = _hamming.Delta(engine.key)
    with pytest.raises(ValueError, match="2\\^63"):
        delta.add(np.zeros((2, 32), np.uint8), numbers(1, 2**63))
    with pytest.raises(ValueError, match="as many rows"):
        delta.add(np.zeros((2, 32), np.uint8), numbers(1))
    with pytest.raises(ValueError, match="32 bytes"):
        _hamming.Delta(b"short")
    assert len(delta) == 0
