"""What the tests of the engine share: a key, the truth by brute force, and data of every awkward shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from safelight.native import _hamming

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEY = bytes(range(100, 132))
POPULATION = np.array([bin(byte).count("1") for byte in range(256)], dtype=np.uint16)

Hashes = NDArray[np.uint8]
Expected = list[tuple[int, int]]


def flip(hash_: Hashes, bits: NDArray[Any]) -> Hashes:
    """The hash with these bits (0-255) turned over."""
    flipped = np.unpackbits(hash_)
    flipped[bits] ^= 1
    return np.packbits(flipped)


class Truth:
    """Every (hash, row) pair, searched by comparing with all of them."""

    def __init__(self, hashes: Hashes, rows: NDArray[np.uint64]) -> None:
        self.hashes, self.rows = hashes, rows

    def near(self, query: Hashes, radius: int) -> Expected:
        """All (distance, row) within the radius, nearest first, each once."""
        distances = POPULATION[self.hashes ^ query].sum(axis=1)
        hit = np.flatnonzero(distances <= radius)
        return sorted({(int(distances[i]), int(self.rows[i])) for i in hit})


def pairs(result: tuple[Any, ...], query: int) -> Expected:
    """One query's part of a batch result, as (distance, row)."""
    rows, distances, offsets, _ = result
    part = slice(offsets[query], offsets[query + 1])
    return list(zip(distances[part].tolist(), rows[part].tolist(), strict=True))


def clustered(rng: np.random.Generator, n: int, centres: int, spread: int) -> Hashes:
    """Hashes around a few centres, up to ``spread`` bits away: heavy buckets in every table."""
    middle = rng.integers(0, 256, (centres, 32), dtype=np.uint8)
    noise = np.zeros((n, 256), dtype=np.uint8)
    for row in noise:
        row[rng.choice(256, rng.integers(0, spread + 1), replace=False)] = 1
    return middle[rng.integers(0, centres, n)] ^ np.packbits(noise, axis=1)


SHAPES: dict[str, Callable[[np.random.Generator, int], Hashes]] = {
    "uniform": lambda rng, n: rng.integers(0, 256, (n, 32), dtype=np.uint8),
    "all equal": lambda rng, n: np.repeat(rng.integers(0, 256, (1, 32), dtype=np.uint8), n, axis=0),
    "all zero": lambda rng, n: np.zeros((n, 32), dtype=np.uint8),
    "one bit apart": lambda rng, n: clustered(rng, n, 1, 1),
    "clustered": lambda rng, n: clustered(rng, n, 3, 40),
    "few bits vary": lambda rng, n: rng.integers(0, 256, (n, 32), dtype=np.uint8) & np.uint8(0x11),
}


@pytest.fixture(scope="session")
def engine() -> Any:
    """The names above, for test modules, which cannot import this file."""

    class Engine:
        key, truth, flip, pairs, shapes = KEY, Truth, staticmethod(flip), staticmethod(pairs), SHAPES

    return Engine


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., _hamming.Snapshot]:
    """Builds a snapshot, with tables however small it is, and opens it."""

    def build_and_open(hashes: Hashes, rows: NDArray[np.uint64], **options: Any) -> _hamming.Snapshot:
        path = str(tmp_path / "index")
        key = options.pop("key", KEY)
        _hamming.Snapshot.build(path, hashes, rows, key, b"", None, **{"scan_below": 1, **options})
        return _hamming.Snapshot.open(path, key)

    return build_and_open
