"""Times a real `safelight serve` against a bare Flask server in one run: the figures of the documentation.

``make bench-server``. The same client, pictures, list and number of workers for both, in turns, so that a
busy machine hurts both alike. Ours decodes in the sandbox, digests, searches eight ways of turning, checks a
key and answers after its commit; the bare server does none of that. The list has a million entries, because
lists that are shared have more (NCMEC's and StopNCII's together hold about ten million), and a flat search
takes as long as the list. Ends with RATIO and FIGURE lines; the
processor's time of a request says what a quiet machine would do where this one is not.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from server_client import Load, run
from server_ours import Ours, free_port, ours, wait_for

WORKERS = 2
CONNECTIONS = 16
ENTRIES = 1_000_000
PICTURES = 50
IMAGE, HASH = "image_1280", "hash_lookup"


def pictures(count: int) -> list[bytes]:
    """1280 x 960 JPEGs of our own: discs and gradients under a little noise, each different."""
    rng = np.random.default_rng(7)
    y, x = np.mgrid[0:960, 0:1280].astype(np.float32)
    noise = rng.normal(0, 6, (960, 1280, 3)).astype(np.float32)
    made = []
    for _ in range(count):
        pixels = np.roll(noise, rng.integers(0, 900), axis=0)
        pixels += 128 + rng.uniform(-60, 60, 3) * (x / 1280)[..., None]
        for _ in range(16):
            across, down, radius = rng.uniform(0, 1280), rng.uniform(0, 960), rng.uniform(30, 400)
            pixels[(x - across) ** 2 + (y - down) ** 2 < radius**2] += rng.uniform(-60, 60, 3)
        written = io.BytesIO()
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(written, "JPEG", quality=85)
        made.append(written.getvalue())
    return made


def different(files: list[bytes], count: int) -> Iterator[bytes]:
    """Every upload is another file, as uploads are: a few bytes after the picture's end."""
    for number in range(count):
        yield files[number % len(files)] + number.to_bytes(8, "big")


@dataclass
class Bare:
    port: int
    pid: int


@contextlib.contextmanager
def peer(hashes: Path) -> Iterator[Bare]:
    """The bare server's port and process."""
    port = free_port()
    program = Path(__file__).with_name("server_peer.py")
    # In the environment, because OpenMP reads it once: for one query, more threads only wait for each other.
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, program, str(port), str(hashes), str(WORKERS)]
    serving = subprocess.Popen(command, cwd=program.parent, env=environment)
    try:
        wait_for(port, "/healthz")
        yield Bare(port, serving.pid)
    finally:
        serving.terminate()
        serving.wait(60)


def to_peer(port: int, path: str, body: bytes, kind: str) -> bytes:
    told = (f"POST {path} HTTP/1.1", f"Host: localhost:{port}", f"Content-Type: {kind}",
            f"Content-Length: {len(body)}")  # fmt: skip
    return "\r\n".join(told).encode() + b"\r\n\r\n" + body


def resident(pid: int) -> int:
    """MiB of memory that is the process's own."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) >> 10
    return 0


def cpu_seconds(root: int) -> float:
    """Processor time of a process and all below it, with that of their children that have ended."""
    spent: dict[int, float] = {}
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            words = (entry / "stat").read_text().rpartition(")")[2].split()
            parents[int(entry.name)] = int(words[1])
            spent[int(entry.name)] = sum(map(int, words[11:15])) / os.sysconf("SC_CLK_TCK")
    total, below = 0.0, {root}
    for pid in sorted(parents):
        if pid == root or parents[pid] in below:
            below.add(pid)
            total += spent[pid]
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--images", type=int, default=400, help="pictures a round")
    parser.add_argument("--lookups", type=int, default=4000, help="look-ups a round")
    parser.add_argument("--soak", type=int, default=100_000, help="requests after which memory is read again")
    parser.add_argument("--entries", type=int, default=ENTRIES)
    parser.add_argument("--only", choices=[IMAGE, HASH])
    told = parser.parse_args()
    rng = np.random.default_rng(1)
    listed = rng.integers(0, 256, (told.entries, 32), dtype=np.uint8)
    asked = [bytes(row).hex() for row in rng.integers(0, 256, (2000, 32), dtype=np.uint8)]
    files = pictures(PICTURES) if told.only != HASH else []
    with tempfile.TemporaryDirectory() as directory:
        raw, lines = Path(directory) / "hashes.bin", Path(directory) / "hashes.txt"
        listed.tofile(raw)
        lines.write_text("".join(bytes(row).hex() + "\n" for row in listed))
        with peer(raw) as bare, ours(lines, WORKERS) as server:
            loads = measure(bare, server, files, asked, told)
            print(f"FIGURE entries {told.entries}")
            for what, (theirs, own) in loads.items():
                report(what, theirs, own)
            if told.soak:
                soak(server, asked, told.soak)


def measure(
    bare: Bare, server: Ours, files: list[bytes], asked: list[str], told: argparse.Namespace
) -> dict[str, tuple[list[Load], list[Load]]]:
    kinds: dict[str, tuple[int, list[bytes], list[bytes]]] = {}
    if told.only != HASH:
        uploads = list(different(files, told.images * (told.rounds + 1)))
        kinds[IMAGE] = (
            told.images,
            [to_peer(bare.port, "/image", file, "image/jpeg") for file in uploads],
            [server.request("/api/v1/scan", file, "image/jpeg") for file in uploads],
        )
    if told.only != IMAGE:
        kinds[HASH] = (
            told.lookups,
            [
                to_peer(bare.port, "/hash", json.dumps({"pdq": one}).encode(), "application/json")
                for one in asked
            ],
            [server.request("/api/v1/hashes", look_up(one), "application/json") for one in asked],
        )
    loads = {}
    for what, (count, theirs, own) in kinds.items():
        loads[what] = ([], [])
        for round_ in range(told.rounds + 1):
            for side, (where, root, requests) in enumerate(
                ((bare.port, bare.pid, theirs), (server.port, server.pid, own))
            ):
                before = cpu_seconds(root)
                load = run(
                    where, requests[round_ * count :] or requests, count=count, connections=CONNECTIONS
                )
                load.cpu = cpu_seconds(root) - before
                if round_:
                    loads[what][side].append(load)
                    print(f"  {what} {'bare' if not side else 'safelight'} {load.rate:.0f} req/s", flush=True)
    return loads


def look_up(pdq: str) -> bytes:
    sha256 = hashlib.sha256(pdq.encode()).hexdigest()
    return json.dumps({"hashes": {"sha256": sha256, "pdq": pdq, "pdq_quality": 100}}).encode()


def report(what: str, theirs: list[Load], own: list[Load]) -> None:
    for name, loads in (("bare", theirs), ("safelight", own)):
        rate = statistics.median(load.rate for load in loads)
        times = Load(1, [t for load in loads for t in load.times])
        print(f"FIGURE {what}_{name}_rate {rate:.0f} req/s")
        print(f"FIGURE {what}_{name}_p50 {times.percentile(0.5) * 1000:.1f} ms")
        print(f"FIGURE {what}_{name}_p99 {times.percentile(0.99) * 1000:.1f} ms")
        cpu = sum(load.cpu for load in loads) / len(times.times)
        print(f"FIGURE {what}_{name}_cpu {cpu * 1000:.2f} ms of processor a request")
    ratio = statistics.median(o.rate / t.rate for o, t in zip(own, theirs, strict=True))
    print(f"RATIO {what} {ratio:.2f}")


def soak(server: Ours, asked: list[str], count: int) -> None:
    """Memory of the web processes before and after many requests, which should be the same."""
    requests = [server.request("/api/v1/hashes", look_up(one), "application/json") for one in asked]
    web = {name: pid for name, pid in server.processes().items() if name.startswith("web-")}
    before = {name: resident(pid) for name, pid in web.items()}
    began = time.monotonic()
    run(server.port, requests, count=count, connections=CONNECTIONS)
    for name, pid in web.items():
        print(f"FIGURE rss_{name}_start {before[name]} MiB")
        print(f"FIGURE rss_{name}_after_{count} {resident(pid)} MiB")
    print(f"FIGURE soak_seconds {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
