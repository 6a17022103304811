"""A snapshot finds exactly what comparing with every hash finds, at any radius, size, key and shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safelight.native import _hamming

if TYPE_CHECKING:
    from collections.abc import Callable

UNLIMITED = 1 << 40
PLANS = ("tables", "scan", "auto")

per_example = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def queries_near(
    rng: np.random.Generator, hashes: Any, flip: Callable[..., Any], count: int, reach: int
) -> Any:
    """Stored hashes with 0 to ``reach`` bits turned over, and one that is anywhere."""
    anywhere = rng.integers(0, 256, (1, 32), dtype=np.uint8)
    if len(hashes) == 0:
        return anywhere
    near = [
        flip(hashes[rng.integers(len(hashes))], rng.choice(256, rng.integers(0, reach + 1), replace=False))
        for _ in range(count)
    ]
    return np.concatenate([np.stack(near), anywhere])


@per_example
@given(
    seed=st.integers(0, 2**32),
    size=st.sampled_from([0, 1, 2, 16, 300]),
    shape=st.sampled_from(
        ["uniform", "all equal", "all zero", "one bit apart", "clustered", "few bits vary"]
    ),
    radius=st.one_of(st.integers(0, 64), st.integers(0, 256)),
)
def test_equals_brute_force(engine: Any, build: Any, seed: int, size: int, shape: str, radius: int) -> None:
    rng = np.random.default_rng(seed)
    hashes = engine.shapes[shape](rng, size)
    rows = rng.integers(0, 2**63, size, dtype=np.uint64)
    snapshot = build(hashes, rows, key=rng.bytes(32))
    truth = engine.truth(hashes, rows)
    queries = queries_near(rng, hashes, engine.flip, 4, min(radius + 2, 256))
    for plan in PLANS:
        result = snapshot.search(queries, radius, UNLIMITED, plan=plan)
        for i, query in enumerate(queries):
            assert engine.pairs(result, i) == truth.near(query, radius), plan
        assert not result[3].any()


@pytest.mark.parametrize("shape", ["uniform", "clustered", "few bits vary"])
def test_equals_brute_force_at_65537(engine: Any, build: Any, shape: str) -> None:
    rng = np.random.default_rng(65537)
    hashes = engine.shapes[shape](rng, 65_537)
    rows = np.arange(65_537, dtype=np.uint64) + 7
    snapshot, truth = build(hashes, rows), engine.truth(hashes, rows)
    for radius in (0, 1, 14, 15, 16, 30, 31, 32, 47, 48, 63, 64, 79, 80):
        queries = queries_near(rng, hashes, engine.flip, 2, radius + 1)
        for plan in PLANS:
            result = snapshot.search(queries, radius, UNLIMITED, plan=plan)
            for i, query in enumerate(queries):
                assert engine.pairs(result, i) == truth.near(query, radius), (radius, plan)


@pytest.mark.slow
@pytest.mark.parametrize("radius", range(81))
def test_every_planted_distance_is_found(engine: Any, build: Any, radius: int) -> None:
    """A thousand copies, each altered by exactly the radius, are found among 100,000; at +1 none is."""
    rng = np.random.default_rng(radius)
    hashes = rng.integers(0, 256, (100_000, 32), dtype=np.uint8)
    snapshot = build(hashes, np.arange(100_000, dtype=np.uint64))
    chosen = rng.integers(0, 100_000, 1000)
    for extra in (0, 1):
        queries = np.stack(
            [engine.flip(hashes[i], rng.choice(256, radius + extra, replace=False)) for i in chosen]
        )
        result = snapshot.search(queries, radius, UNLIMITED, plan="tables" if radius < 80 else "auto")
        for i, row in enumerate(chosen):
            assert ((radius, int(row)) in engine.pairs(result, i)) == (extra == 0)


def test_a_cluster_falls_back_to_a_scan_and_stays_exact(engine: Any, build: Any) -> None:
    rng = np.random.default_rng(3)
    hashes = np.concatenate(
        [engine.shapes["one bit apart"](rng, 30_000), engine.shapes["uniform"](rng, 30_000)]
    )
    rows = np.arange(60_000, dtype=np.uint64)
    # One bit apart are only 257 different hashes; more bits make thousands of different ones in a cluster.
    hashes[:30_000] ^= np.packbits((rng.random((30_000, 256)) < 0.02).astype(np.uint8), axis=1)
    snapshot, truth = build(hashes, rows), engine.truth(hashes, rows)
    query = hashes[:1]
    assert snapshot.touched(query.tobytes(), 31)[2] > 0, "the planner should have chosen to scan"
    result = snapshot.search(query, 31, UNLIMITED)
    assert engine.pairs(result, 0) == truth.near(query[0], 31)


def test_few_hashes_need_no_tables(engine: Any, build: Any) -> None:
    rng = np.random.default_rng(4)
    hashes, rows = engine.shapes["uniform"](rng, 100), np.arange(100, dtype=np.uint64)
    snapshot = build(hashes, rows, scan_below=101)
    assert snapshot.bytes < 10_000
    assert engine.pairs(snapshot.search(hashes, 31, 10, plan="tables"), 42) == [(0, 42)]


def test_the_cap_keeps_the_nearest_and_is_reported(engine: Any, build: Any) -> None:
    rng = np.random.default_rng(5)
    hashes, rows = engine.shapes["clustered"](rng, 2000), np.arange(2000, dtype=np.uint64)
    snapshot, truth = build(hashes, rows), engine.truth(hashes, rows)
    everything = truth.near(hashes[0], 50)
    for cap in (0, 1, len(everything) - 1, len(everything), len(everything) + 1):
        result = snapshot.search(hashes[:1], 50, cap)
        assert engine.pairs(result, 0) == everything[:cap]
        assert bool(result[3][0]) == (cap < len(everything))
        assert _hamming.search_one(snapshot, None, hashes[0].tobytes(), 50, cap) == (
            everything[:cap],
            cap < len(everything),
        )


def test_any_key_gives_the_same_results(engine: Any, build: Any) -> None:
    rng = np.random.default_rng(6)
    hashes, rows = engine.shapes["clustered"](rng, 500), np.arange(500, dtype=np.uint64)
    answers = set()
    for _ in range(5):
        snapshot = build(hashes, rows, key=rng.bytes(32))
        answers.add(tuple(part.tobytes() for part in snapshot.search(hashes[::50], 60, 100)))
    assert len(answers) == 1


def test_a_batch_answers_as_single_queries_do(engine: Any, build: Any) -> None:
    rng = np.random.default_rng(7)
    hashes, rows = engine.shapes["clustered"](rng, 500), np.arange(500, dtype=np.uint64)
    snapshot = build(hashes, rows)
    variants = hashes[:8]  # as many as a picture has dihedral variants
    batch = snapshot.search(variants, 31, 20)
    for i, variant in enumerate(variants):
        alone, capped = _hamming.search_one(snapshot, None, variant.tobytes(), 31, 20)
        assert (engine.pairs(batch, i), bool(batch[3][i])) == (alone, capped)


def test_no_queries_give_no_answers(engine: Any, build: Any) -> None:
    snapshot = build(np.zeros((3, 32), np.uint8), np.arange(3, dtype=np.uint64))
    rows, distances, offsets, capped = snapshot.search(np.zeros((0, 32), np.uint8), 31, 10)
    assert (len(rows), len(distances), offsets.tolist(), len(capped)) == (0, 0, [0], 0)


@pytest.mark.parametrize(
    ("radius", "width", "message"), [(-1, 32, "radius"), (257, 32, "radius"), (31, 31, "32")]
)
def test_impossible_searches_are_refused(build: Any, radius: int, width: int, message: str) -> None:
    snapshot = build(np.zeros((1, 32), np.uint8), np.zeros(1, np.uint64))
    with pytest.raises(ValueError, match=message):
        snapshot.search(np.zeros((1, width), np.uint8), radius, 10)
    with pytest.raises(ValueError, match=message):
        _hamming.search_one(snapshot, None, bytes(width), radius, 10)
