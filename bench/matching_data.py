"""Makes the hashes that the matching benchmark searches: nothing but random bits, shaped in three ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pathlib import Path

HASH_BYTES = 32
QUERIES = 2000
NEAR = 31
STEP = 1_000_000
PATTERN = 7  # seed of the biases and centres, the same in every piece

Hashes = NDArray[np.uint8]


@dataclass(frozen=True)
class Data:
    """Files of raw hashes: those stored, and those asked for (every other one near a stored one)."""

    shape: str
    count: int
    hashes: Path
    queries: Path

    def load(self) -> Hashes:
        return np.fromfile(self.hashes, np.uint8).reshape(-1, HASH_BYTES)

    def load_queries(self) -> Hashes:
        return np.fromfile(self.queries, np.uint8).reshape(-1, HASH_BYTES)


def turn_bits(rng: np.random.Generator, hashes: Hashes, most: int) -> Hashes:
    """Each hash with 0 to ``most`` random bits turned over (the same bit may be hit twice)."""
    turned = hashes.copy()
    every = np.arange(len(hashes))
    times = rng.integers(0, most + 1, len(hashes))
    for i in range(most):
        rows = every[times > i]
        bit = rng.integers(0, 256, len(rows))
        turned[rows, bit >> 3] ^= (1 << (bit & 7)).astype(np.uint8)
    return turned


def uniform(rng: np.random.Generator, n: int) -> Hashes:
    """Every bit a fair coin."""
    return rng.integers(0, 256, (n, HASH_BYTES), dtype=np.uint8)


def skewed(rng: np.random.Generator, n: int) -> Hashes:
    """Like PDQ's: each bit has its own bias, and often follows its neighbour."""
    bias = np.random.default_rng(PATTERN).normal(128, 26, 256).clip(40, 215).astype(np.uint8)
    bits = rng.integers(0, 256, (n, 256), dtype=np.uint8) < bias
    follows = rng.integers(0, 256, (n, 255), dtype=np.uint8) < 50
    bits[:, 1:] = np.where(follows, bits[:, :-1], bits[:, 1:])
    return np.packbits(bits, axis=1)


def clustered(rng: np.random.Generator, n: int) -> Hashes:
    """Three in ten lie within 20 bits of one of a hundred centres, some centres far busier than others."""
    hashes = uniform(rng, n)
    centres = uniform(np.random.default_rng(PATTERN), 100)
    busy = (rng.random(n * 3 // 10) ** 3 * 100).astype(np.int64)
    hashes[: len(busy)] = turn_bits(rng, centres[busy], 20)
    return hashes


SHAPES = {"uniform": uniform, "PDQ-like": skewed, "clustered": clustered}


def make(directory: Path, shape: str, count: int) -> Data:
    """Write the files, a million hashes at a time."""
    rng = np.random.default_rng([count, sorted(SHAPES).index(shape)])
    data = Data(shape, count, directory / f"{shape}-{count}.hashes", directory / f"{shape}-{count}.queries")
    with data.hashes.open("wb") as file:
        for start in range(0, count, STEP):
            file.write(SHAPES[shape](rng, min(STEP, count - start)).tobytes())
    stored = data.load()
    near = turn_bits(rng, stored[rng.integers(0, count, QUERIES // 2)], NEAR)
    queries = np.empty((QUERIES, HASH_BYTES), np.uint8)
    queries[0::2] = near
    queries[1::2] = SHAPES[shape](rng, QUERIES // 2)
    queries.tofile(data.queries)
    return data
