"""Run by test_isa.py in a process whose SAFELIGHT_ISA is set: every plan against brute force."""

import sys
from pathlib import Path

import numpy as np

from safelight.native import _hamming

POPULATION = np.array([bin(byte).count("1") for byte in range(256)], dtype=np.uint16)


def main(path: str) -> None:
    rng = np.random.default_rng(11)
    spread = np.packbits((rng.random((20_000, 256)) < 0.05).astype(np.uint8), axis=1)
    hashes = np.concatenate([rng.integers(0, 256, (20_003, 32), dtype=np.uint8), spread])
    rows = np.arange(len(hashes), dtype=np.uint64)
    _hamming.Snapshot.build(path, hashes, rows, bytes(32), b"", None)
    snapshot = _hamming.Snapshot.open(path, bytes(32))
    queries = np.concatenate([hashes[:4] ^ spread[:4], hashes[-4:]])
    for radius in (0, 7, 15, 31, 32, 45, 64, 100, 255):
        for plan in ("tables", "scan", "auto"):
            found, distances, offsets, _ = snapshot.search(queries, radius, 1 << 40, plan=plan)
            for i, query in enumerate(queries):
                truth = POPULATION[hashes ^ query].sum(axis=1)
                near = np.flatnonzero(truth <= radius)
                order = np.lexsort((near, truth[near]))
                part = slice(offsets[i], offsets[i + 1])
                assert np.array_equal(found[part], near[order]), (radius, plan)
                assert np.array_equal(distances[part], truth[near][order]), (radius, plan)
    Path(path).unlink()
    sys.stdout.write(_hamming.isa())


main(sys.argv[1])
