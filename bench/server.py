"""Times a real `safelight serve` against a bare Flask server in one run: the figures the documentation quotes.

``make bench-server``. The same client, pictures, list and number of workers for both, in turns, so that a busy
machine hurts both alike. Ours decodes in the sandbox, digests, searches eight ways of turning, checks a key
and answers after its commit; the bare server does none of that. Ends with RATIO and FIGURE lines.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from server_client import Load, run
from server_ours import Ours, free_port, ours, wait_for

WORKERS = 2
CONNECTIONS = 8
ENTRIES = 1_000_000
PICTURES = 200
IMAGE, HASH = "image_1280", "hash_lookup"


def pictures(count: int) -> list[bytes]:
    """1280 x 960 JPEGs of our own: shapes and gradients under a little noise, each different."""
    rng = np.random.default_rng(7)
    y, x = np.mgrid[0:960, 0:1280]
    made = []
    for _ in range(count):
        layers = [np.zeros((960, 1280)) for _ in range(3)]
        for layer in layers:
            for _ in range(12):
                cx, cy, radius, level = (
                    rng.uniform(0, 1280),
                    rng.uniform(0, 960),
                    rng.uniform(30, 400),
                    rng.uniform(-90, 90),
                )
                layer += level * ((x - cx) ** 2 + (y - cy) ** 2 < radius**2)
            layer += 128 + rng.uniform(-60, 60) * x / 1280 + rng.uniform(-60, 60) * y / 960
        pixels = np.stack(layers, axis=2) + rng.normal(0, 6, (960, 1280, 3))
        written = io.BytesIO()
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(written, "JPEG", quality=85)
        made.append(written.getvalue())
    return made


@contextlib.contextmanager
def peer(hashes: Path) -> Iterator[int]:
    port = free_port()
    program = Path(__file__).with_name("server_peer.py")
    serving = subprocess.Popen(
        [sys.executable, program, str(port), str(hashes), str(WORKERS)], cwd=program.parent
    )
    try:
        wait_for(port, "/healthz")
        yield port
    finally:
        serving.terminate()
        serving.wait(60)


def to_peer(port: int, path: str, body: bytes, kind: str) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def resident(pid: int) -> int:
    """MiB of memory that is the process's own."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) >> 10
    return 0


def cpu_seconds(pids: list[int]) -> float:
    total = 0.0
    for pid in pids:
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += sum(int(words[i]) for i in (11, 12, 13, 14)) / os.sysconf("SC_CLK_TCK")
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
        with peer(raw) as port, ours(lines, WORKERS) as server:
            loads = measure(port, server, files, asked, told)
            for what, (theirs, own) in loads.items():
                report(what, theirs, own)
            if told.soak:
                soak(server, asked, told.soak)


def measure(port: int, server: Ours, files, asked, told) -> dict[str, tuple[list[Load], list[Load]]]:
    kinds: dict[str, tuple[int, list[bytes], list[bytes]]] = {}
    if told.only != HASH:
        kinds[IMAGE] = (
            told.images,
            [to_peer(port, "/image", file, "image/jpeg") for file in files],
            [server.request("/api/v1/scan", file, "image/jpeg") for file in files],
        )
    if told.only != IMAGE:
        kinds[HASH] = (
            told.lookups,
            [to_peer(port, "/hash", json.dumps({"pdq": one}).encode(), "application/json") for one in asked],
            [server.request("/api/v1/hashes", look_up(one), "application/json") for one in asked],
        )
    loads = {}
    for what, (count, theirs, own) in kinds.items():
        loads[what] = ([], [])
        for round_ in range(told.rounds + 1):
            for side, (where, requests) in enumerate(((port, theirs), (server.port, own))):
                load = run(where, requests, count=count if round_ else count // 4, connections=CONNECTIONS)
                if round_:
                    loads[what][side].append(load)
                    print(f"  {what} {'bare' if not side else 'safelight'} {load.rate:.0f} req/s", flush=True)
    return loads


def look_up(pdq: str) -> bytes:
    import hashlib

    sha256 = hashlib.sha256(pdq.encode()).hexdigest()
    return json.dumps({"hashes": {"sha256": sha256, "pdq": pdq, "pdq_quality": 100}}).encode()


def report(what: str, theirs: list[Load], own: list[Load]) -> None:
    for name, loads in (("bare", theirs), ("safelight", own)):
        rate = statistics.median(load.rate for load in loads)
        times = Load(1, [t for load in loads for t in load.times])
        print(f"FIGURE {what}_{name}_rate {rate:.0f} req/s")
        print(f"FIGURE {what}_{name}_p50 {times.percentile(0.5) * 1000:.1f} ms")
        print(f"FIGURE {what}_{name}_p99 {times.percentile(0.99) * 1000:.1f} ms")
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
