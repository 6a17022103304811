"""Builds and times one search system in a process of its own, so that memory is freed and counted apart.

Run as ``matching_systems.py SYSTEM HASHES QUERIES WORKDIR RADIUS...``; prints one JSON object.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

SECONDS = 8.0
"""Each radius is timed for so long at most, or until every query was asked once."""
LEAST = 40
RECALLED = 100
KEY = bytes(range(32))
CAP = 1000
"""The product's default; faiss and threatexchange have no cap and return all."""


@dataclass
class Timing:
    """Microseconds a query, the Python call included.

    ``cpu`` is the median of the asking thread's own time, which the ratios compare: on a quiet machine
    it equals ``p50``; on a busy one it leaves out the waiting, which would hurt the slower system more.
    """

    p50: float
    p99: float
    cpu: float
    queries: int


@dataclass
class Measured:
    """What one system did with one set of hashes."""

    system: str
    build_s: float = 0
    anonymous_mib: float = 0
    """Peak of anonymous memory during the build, above what the input took."""
    bytes_per_hash: float = 0
    timings: dict[int, Timing] = field(default_factory=dict)
    found: dict[int, list[list[int]]] = field(default_factory=dict)
    """By radius, the rows found for the first queries."""
    limit_us: dict[int, float] = field(default_factory=dict)
    gigabytes_a_second: float = 0
    add_us: float = 0


def anonymous_kib() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1])
    return 0


class PeakMemory:
    """Watches this process's anonymous memory from a thread."""

    def __enter__(self) -> PeakMemory:
        self.start = self.peak = anonymous_kib()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def _watch(self) -> None:
        while not self._done.wait(0.02):
            self.peak = max(self.peak, anonymous_kib())

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        self.peak = max(self.peak, anonymous_kib())

    @property
    def mib(self) -> float:
        return (self.peak - self.start) / 1024


def time_queries(ask: Callable[[int], object], count: int) -> Timing:
    spent, worked, began = [], [], time.perf_counter()
    for i in range(count):
        start, begin = time.perf_counter(), time.thread_time()
        ask(i)
        worked.append(time.thread_time() - begin)
        spent.append(time.perf_counter() - start)
        if i >= LEAST and time.perf_counter() - began > SECONDS:
            break
    p50, p99, cpu = np.median(spent) * 1e6, np.quantile(spent, 0.99) * 1e6, np.median(worked) * 1e6
    return Timing(float(p50), float(p99), float(cpu), len(spent))


def safelight(hashes: Path, queries: NDArray[np.uint8], work: Path, radii: list[int]) -> Measured:
    from safelight.native import _hamming

    measured = Measured("safelight")
    count = hashes.stat().st_size // 32
    rows, index = work / "rows", work / "index"
    np.arange(count, dtype=np.uint64).tofile(rows)
    began = time.perf_counter()
    with PeakMemory() as memory:
        _hamming.Snapshot.build(str(index), str(hashes), str(rows), KEY, b"bench")
    measured.build_s, measured.anonymous_mib = time.perf_counter() - began, memory.mib
    snapshot, delta = _hamming.Snapshot.open(str(index), KEY), _hamming.Delta(KEY)
    measured.bytes_per_hash = snapshot.bytes / len(snapshot)
    assert snapshot.verify()[1] is None

    asked = [query.tobytes() for query in queries]
    for radius in radii:
        measured.timings[radius] = time_queries(
            lambda i, r=radius: _hamming.search_one(snapshot, delta, asked[i], r, CAP), len(asked)
        )
        rows_found, _, offsets, _ = snapshot.search(queries[:RECALLED], radius, count)
        measured.found[radius] = [part.tolist() for part in np.split(rows_found, offsets[1:-1])]
    speed = stream_speed(index)
    measured.gigabytes_a_second = speed / 1e9
    for radius in radii:
        touched = [snapshot.touched(query, radius)[3] for query in asked[:RECALLED]]
        measured.limit_us[radius] = float(np.median(touched)) / speed * 1e6
    one = np.zeros((1, 32), np.uint8)
    measured.add_us = time_queries(lambda i: delta.add(one, np.array([i + count], np.uint64)), 10_000).p50
    return measured


def stream_speed(path: Path) -> float:
    """Bytes a second of sequential passes over the index itself by one thread, the median of nine."""
    words = np.memmap(path, np.uint64, "r")
    spent = []
    for _ in range(9):
        start = time.thread_time()
        words.max()
        spent.append(time.thread_time() - start)
    return words.nbytes / float(np.median(spent))


def threatexchange(hashes: Path, queries: NDArray[np.uint8], _: Path, radii: list[int]) -> Measured:
    """Its default index of PDQ hashes: `PDQSignal.get_index_cls()`, hexadecimal text in, entries out."""
    import faiss
    from threatexchange.signal_type.pdq.signal import PdqSignal

    faiss.omp_set_num_threads(1)  # for one query, more threads only wait for each other

    assert radii == [31], "its threshold is fixed"
    measured = Measured("threatexchange")
    stored = np.fromfile(hashes, np.uint8).reshape(-1, 32)
    entries = [(value.tobytes().hex(), row) for row, value in enumerate(stored)]
    del stored
    began = time.perf_counter()
    with PeakMemory() as memory:
        index = PdqSignal.get_index_cls()(entries)
    measured.build_s, measured.anonymous_mib = time.perf_counter() - began, memory.mib
    measured.bytes_per_hash = memory.mib * 2**20 / len(entries)
    asked = [query.tobytes().hex() for query in queries]
    measured.timings[31] = time_queries(lambda i: index.query(asked[i]), len(asked))
    return measured


def faiss_index(name: str, hashes: Path, queries: NDArray[np.uint8], radii: list[int]) -> Measured:
    import faiss

    faiss.omp_set_num_threads(1)
    flat = name == "faiss_flat"
    index = faiss.IndexBinaryFlat(256) if flat else faiss.IndexBinaryMultiHash(256, 16, 16)
    measured = Measured(name)
    stored = np.fromfile(hashes, np.uint8).reshape(-1, 32)
    began = time.perf_counter()
    with PeakMemory() as memory:
        index.add(stored)
    measured.build_s, measured.anonymous_mib = time.perf_counter() - began, memory.mib
    measured.bytes_per_hash = memory.mib * 2**20 / len(stored)
    del stored
    for radius in radii:
        if not flat:
            index.nflip = radius // 16  # the setting at which it misses nothing
        measured.timings[radius] = time_queries(
            lambda i, r=radius: index.range_search(queries[i : i + 1], r + 1), len(queries)
        )
        limits, _, found = index.range_search(queries[:RECALLED], radius + 1)
        measured.found[radius] = [part.tolist() for part in np.split(found, limits[1:-1].astype(np.int64))]
    return measured


def main() -> None:
    system, hashes, queries_path, work, *radii = sys.argv[1:]
    queries = np.fromfile(queries_path, np.uint8).reshape(-1, 32)
    wanted = [int(radius) for radius in radii]
    if system == "safelight":
        measured = safelight(Path(hashes), queries, Path(work), wanted)
    elif system == "threatexchange":
        measured = threatexchange(Path(hashes), queries, Path(work), wanted)
    else:
        measured = faiss_index(system, Path(hashes), queries, wanted)
    json.dump(asdict(measured), sys.stdout)


if __name__ == "__main__":
    main()
