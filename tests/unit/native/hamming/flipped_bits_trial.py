"""Run by test_damage.py in its own process: searches files with random damage, prints how often it showed."""

import sys
from pathlib import Path

import numpy as np

from safelight import errors
from safelight.native import _hamming

KEY = bytes(32)


def damage(rng: np.random.Generator, whole: bytes, kind: int) -> bytes:
    altered = np.frombuffer(whole, np.uint8).copy()
    body = altered[4096:]
    if kind == 0:  # single bits
        at = rng.integers(0, len(body), 2000)
        body[at] ^= np.uint8(1) << rng.integers(0, 8, 2000).astype(np.uint8)
    elif kind == 1:  # a page of noise here and there
        for start in rng.integers(0, len(body) - 4096, 100):
            body[start : start + 4096] = rng.integers(0, 256, 4096)
    else:  # everything but the checksums
        body[: len(body) - 4096] = 255 if kind == 2 else rng.integers(0, 256, len(body) - 4096)
    return altered.tobytes()


def main(directory: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    hashes = rng.integers(0, 256, (20_000, 32), dtype=np.uint8)
    hashes[:3000] = hashes[0]
    rows = np.arange(20_000, dtype=np.uint64)
    noticed = 0
    good = directory / "good"
    _hamming.Snapshot.build(str(good), hashes, rows, KEY, b"", scan_below=1)
    _hamming.ExactSnapshot.build(str(directory / "exact"), hashes, 32, rows, KEY, b"")
    for kind in (0, 1, 2, 3):
        bad = directory / f"bad{kind}"
        bad.write_bytes(damage(rng, good.read_bytes(), kind))
        for radius in (0, 20, 31, 60, 256):
            for plan in ("tables", "scan"):
                try:
                    snapshot = _hamming.Snapshot.open(str(bad), KEY)
                    for i in range(0, 20_000, 400 if radius < 256 else 5000):
                        snapshot.search(hashes[i : i + 1], radius, 5000, plan=plan)
                except errors.IndexDamaged:
                    noticed += 1
        bad.write_bytes(damage(rng, (directory / "exact").read_bytes(), kind))
        for i in range(0, 20_000, 100):
            try:
                _hamming.ExactSnapshot.open(str(bad), KEY, 32).search(hashes[i : i + 1], 5000)
            except errors.IndexDamaged:
                noticed += 1
    sys.stdout.write(str(noticed))


main(Path(sys.argv[1]), int(sys.argv[2]))
