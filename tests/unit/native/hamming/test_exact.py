"""Exact values are found by equality and nothing else, through the same snapshots, deltas and checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safelight import errors
from safelight.native import _hamming

if TYPE_CHECKING:
    from pathlib import Path

KEY = bytes(range(32))


def numbers(*rows: int) -> Any:
    return np.array(rows, dtype=np.uint64)


def build(path: Path, values: Any, rows: Any, key: bytes = KEY) -> _hamming.ExactSnapshot:
    _hamming.ExactSnapshot.build(str(path), values, values.shape[1], rows, key, b"stamp")
    return _hamming.ExactSnapshot.open(str(path), key, values.shape[1])


@pytest.mark.parametrize("width", [1, 16, 20, 32])
@pytest.mark.parametrize("n", [0, 1, 2, 16, 65_537])
def test_every_value_is_found_and_no_other(tmp_path: Path, width: int, n: int) -> None:
    rng = np.random.default_rng(n)
    values = rng.integers(0, 256, (n, width), dtype=np.uint8)
    snapshot = build(tmp_path / "index", values, np.arange(n, dtype=np.uint64))
    expected: dict[bytes, list[int]] = {}
    for row, value in enumerate(values):
        expected.setdefault(value.tobytes(), []).append(row)
    others = rng.integers(0, 256, (200, width), dtype=np.uint8)
    queries = np.concatenate([values[:: max(1, n // 500)], others])
    rows, offsets, capped = snapshot.search(queries, 1 << 40)
    for i, query in enumerate(queries):
        assert rows[offsets[i] : offsets[i + 1]].tolist() == expected.get(query.tobytes(), [])
    assert not capped.any()
    assert (len(snapshot), snapshot.rows, snapshot.stamp) == (len(expected), n, b"stamp")
    assert snapshot.verify() == (snapshot.blocks(), None)


def test_one_altered_byte_anywhere_is_another_value(tmp_path: Path) -> None:
    value = np.arange(32, dtype=np.uint8).reshape(1, 32)
    snapshot = build(tmp_path / "index", value, numbers(5))
    others = np.repeat(value, 32, axis=0)
    others[np.arange(32), np.arange(32)] ^= 1
    assert len(snapshot.search(others, 10)[0]) == 0
    assert snapshot.search(value, 10)[0].tolist() == [5]


STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "withdraw", "compact"]), st.integers(0, 5), st.integers(0, 12)),
    max_size=40,
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, cap=st.integers(0, 8))
def test_any_interleaving_equals_the_model(
    tmp_path: Path, steps: list[tuple[str, int, int]], cap: int
) -> None:
    pool = np.random.default_rng(1).integers(0, 256, (6, 20), dtype=np.uint8)
    live: set[tuple[int, int]] = set()
    snapshot, delta = None, _hamming.ExactDelta(KEY, 20)
    for what, which, row in steps:
        if what == "add":
            delta.add(pool[which : which + 1], numbers(row))
            live.add((which, row))
        elif what == "withdraw":
            delta.withdraw(numbers(row))
            live = {pair for pair in live if pair[1] != row}
        else:
            ordered = sorted(live)
            values = pool[[which for which, _ in ordered]].reshape(-1, 20)
            snapshot = build(tmp_path / "index", values, numbers(*(row for _, row in ordered)))
            delta = _hamming.ExactDelta(KEY, 20)
    rows, offsets, capped = _hamming.search_exact(snapshot, delta, pool, cap)
    for i in range(6):
        expected = sorted(row for which, row in live if which == i)
        assert rows[offsets[i] : offsets[i + 1]].tolist() == expected[:cap]
        assert bool(capped[i]) == (len(expected) > cap)


def test_values_do_not_lie_open_in_the_file(tmp_path: Path) -> None:
    values = np.random.default_rng(2).integers(0, 256, (500, 16), dtype=np.uint8)
    build(tmp_path / "index", values, np.arange(500, dtype=np.uint64))
    content = (tmp_path / "index").read_bytes()
    assert not any(value.tobytes()[:6] in content for value in values)


def test_another_key_or_width_is_refused(tmp_path: Path) -> None:
    snapshot = build(tmp_path / "index", np.zeros((3, 16), np.uint8), numbers(1, 2, 3))
    path = str(tmp_path / "index")
    with pytest.raises(errors.IndexKeyMismatch):
        _hamming.ExactSnapshot.open(path, bytes(32), 16)
    with pytest.raises(errors.IndexKeyMismatch, match="width"):
        _hamming.ExactSnapshot.open(path, KEY, 20)
    with pytest.raises(ValueError, match="16 bytes"):
        snapshot.search(np.zeros((1, 20), np.uint8), 10)
    with pytest.raises(ValueError, match="different keys"):
        _hamming.search_exact(snapshot, _hamming.ExactDelta(bytes(32), 16), np.zeros((1, 16), np.uint8), 10)
    with pytest.raises(ValueError, match="1 to 32 bytes"):
        _hamming.ExactDelta(KEY, 33)
