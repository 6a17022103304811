"""The plainest index agrees with arithmetic, so that it can be the oracle of the others."""

from __future__ import annotations

import random

import pytest

from safelight.matching.scan_index import ScanIndex


@pytest.mark.parametrize("size", [0, 1, 2, 16, 1000])
@pytest.mark.parametrize("radius", [0, 1, 31, 64, 256])
def test_it_finds_what_arithmetic_finds(doubles, size: int, radius: int) -> None:
    source = doubles.RecordedSource()
    script = random.Random(size)
    for _ in range(size):
        center = random.Random(script.randrange(4)).getrandbits(256)
        source.add(doubles.near(center, script.sample(range(256), script.randrange(70))))
    index = ScanIndex(source.live("pdq"))
    assert len(index) == size
    for seed in range(4):
        query = f"{random.Random(seed).getrandbits(256):064x}"
        wanted = doubles.brute_force(source.rows(), query, radius)
        assert [(h.distance, h.row) for h in index.search(query, radius, cap=2000).hits] == wanted
        some = index.search(query, radius, cap=3)
        assert [(h.distance, h.row) for h in some.hits] == wanted[:3]
        assert some.capped == (len(wanted) > 3)
