"""Times exact search against its peers in one run: the figures that the documentation quotes.

``make bench-matching`` takes some ten minutes, 8 GB of memory (threatexchange's) and 3 GB of disk;
``--large`` adds 100 million hashes (18 GB of disk, no peers). Ends with RATIO lines (the peer's median time
over ours, Python call included) and FIGURE lines.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from matching_chart import draw
from matching_data import Data, make
from matching_systems import Measured, Timing

CHART = Path(__file__).parents[1] / "docs" / "_static" / "matching-latency.svg"
PEERS = ("threatexchange", "faiss_flat", "faiss_multihash")
NAMES = {
    "safelight": "Safelight",
    "threatexchange": "threatexchange",
    "faiss_flat": "faiss flat",
    "faiss_multihash": "faiss multi-hash",
}
RADII = (20, 31, 45)
MILLION = 1_000_000


def measure(system: str, data: Data, radii: tuple[int, ...]) -> Measured:
    """Run one system in a process of its own and print its line."""
    with tempfile.TemporaryDirectory(dir=data.hashes.parent) as work:
        script = Path(__file__).with_name("matching_systems.py")
        paths = [str(data.hashes), str(data.queries), work]
        command = [sys.executable, str(script), system, *paths, *map(str, radii)]
        answer = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    timings = {int(radius): Timing(**timing) for radius, timing in answer.pop("timings").items()}
    by_radius = {name: {int(r): v for r, v in answer.pop(name).items()} for name in ("found", "limit_us")}
    measured = Measured(**answer, **by_radius, timings=timings)
    for radius, timing in measured.timings.items():
        print(
            f"{system:16} {data.shape:10} {data.count:>11,} r={radius}"
            f"  p50 {timing.p50:>10.1f} us  p99 {timing.p99:>10.1f} us  cpu {timing.cpu:>9.1f} us"
            f"  build {measured.build_s:7.1f} s  {measured.anonymous_mib:7.0f} MiB anonymous"
            f"  {measured.bytes_per_hash:6.1f} B/hash",
            flush=True,
        )
    return measured


def recall(ours: Measured, truth: Measured) -> float:
    """The share of what a flat scan found that we found too; fails on anything found beyond it."""
    wanted = got = 0
    for radius, answers in truth.found.items():
        for expected, mine in zip(answers, ours.found[radius], strict=False):
            assert set(mine) <= set(expected), "found what a flat scan did not find"
            wanted += len(expected)
            got += len(set(mine))
    assert wanted > 0, "nothing to recall"
    return got / wanted


def visible_after_add() -> float | None:
    """Seconds from an acknowledged add to a hit in another process; None until both ends exist."""
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--large", action="store_true", help="also 100 million hashes (ours only)")
    parser.add_argument("--quick", action="store_true", help="stop at a million hashes; no 10 M figures")
    parser.add_argument("--dir", type=Path, help="where to keep the data meanwhile (default: the system's)")
    options = parser.parse_args()

    busy = os.getloadavg()[0]
    if busy > 0.5:
        print(f"note: the machine is busy (load {busy:.1f}); p50, p99 and build times will be too long")
    largest = MILLION if options.quick else 10 * MILLION
    curves: dict[str, list[tuple[int, float]]] = {}
    recalled = []
    with tempfile.TemporaryDirectory(dir=options.dir) as directory:
        for count in (10_000, 100_000, MILLION, largest)[: 3 if options.quick else 4]:
            data = make(Path(directory), "uniform", count)
            ours = measure("safelight", data, RADII)
            results = {"safelight": ours} | {peer: measure(peer, data, (31,)) for peer in PEERS}
            recalled.append(recall(ours, results["faiss_flat"]))
            for system, result in results.items():
                curves.setdefault(NAMES[system], []).append((count, result.timings[31].cpu))
            data.hashes.unlink()
        for shape in ("PDQ-like", "clustered"):
            for count in (MILLION, largest)[: 1 if options.quick else 2]:
                data = make(Path(directory), shape, count)
                shaped = measure("safelight", data, RADII)
                recalled.append(
                    recall(shaped, measure("faiss_flat", data, RADII if count == MILLION else (31,)))
                )
                data.hashes.unlink()
        if options.large:
            large = measure("safelight", make(Path(directory), "uniform", 100 * MILLION), RADII)
            curves["Safelight"].append((100 * MILLION, large.timings[31].cpu))

    note = "Median CPU time, radius 31, uniform hashes, Python call included. Made by: make bench-matching"
    draw(curves, "Exact search: time of one query against the number of hashes", note, CHART)
    size = "1m" if options.quick else "10m"
    median = ours.timings[31].cpu
    limit = ours.limit_us[31]
    print(
        f"limit at {size}: {limit:.1f} us = the cache lines that a query must touch, at the speed of"
        f" sequential passes over the same file ({ours.gigabytes_a_second:.1f} GB/s)"
    )
    print(f"add: {ours.add_us:.1f} us")
    for peer in PEERS:
        print(f"RATIO {peer}_{size} {results[peer].timings[31].cpu / median:.1f}")
    print(f"RATIO limit_{size} {limit / median:.2f}")
    print(
        f"FIGURE recall {min(recalled):.1f}" if min(recalled) == 1 else f"FIGURE recall {min(recalled):.6f}"
    )
    print(f"FIGURE bytes_per_hash {ours.bytes_per_hash:.1f}")
    if (visible := visible_after_add()) is not None:
        print(f"FIGURE visible_after_add_s {visible:.3f}")


if __name__ == "__main__":
    main()
