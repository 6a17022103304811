"""Times PDQ hashing against its peers in one run: the figures that the documentation quotes.

``make bench-hashing`` takes a few minutes. Each photograph is hashed by the peer and by us in turn, and the
hashes must be equal. Ends with RATIO lines (the peer's time over ours: for each photograph the median of its
rounds, added up over the photographs) and FIGURE lines. Times are of the processor, so that a busy machine
spoils them less.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pdqhash
from threatexchange.signal_type.pdq.signal import PdqSignal

from hashing_pictures import FORMATS, PHOTOGRAPHS, SIZES, Pixels, photographs
from processor_time import processor_seconds
from safelight.media.sandbox.client import Sandbox
from safelight.native import _images, _pdq

ROUNDS = {"640": 21, "1280": 9, "12mp": 3}
SANDBOXED = 300
"""Files through the sandbox: its processes' times are counted in hundredths of a second."""

MAX_PIXELS = 100_000_000


@dataclass
class Compared:
    """Seconds a photograph, added up over all of them."""

    peer: float = 0
    ours: float = 0

    @property
    def ratio(self) -> float:
        return self.peer / self.ours


def compare(peer: Callable[[], str], ours: Callable[[], str], rounds: int, so_far: Compared) -> None:
    """Time both in turn, once unmeasured, and check that they agree."""
    expected, found = peer(), ours()
    assert found == expected, "the hashes differ"
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for call, spent in zip((peer, ours), times, strict=True):
            start = time.process_time()
            call()
            spent.append(time.process_time() - start)
    so_far.peer += statistics.median(times[0])
    so_far.ours += statistics.median(times[1])


def hash_by_pdqhash(pixels: Pixels) -> str:
    bits, _ = pdqhash.compute(pixels)
    return np.packbits(bits.astype(np.uint8)).tobytes().hex()


def hash_by_core(pixels: Pixels) -> str:
    """Fast, and again exactly where that was not certain."""
    height, width = pixels.shape[:2]
    return _pdq.hash(pixels, width, height, 3)[0][0].hex()


def hash_exactly(pixels: Pixels) -> str:
    """By the reference's arithmetic alone."""
    height, width = pixels.shape[:2]
    return _pdq.hash_reference(pixels, width, height, 3)[0][0].hex()


def hash_of_file(fd: int) -> str:
    """The whole path from an open file, in this process and without protection."""
    for message in _images.hash_unprotected(fd, MAX_PIXELS):
        if picture := json.loads(message).get("picture"):
            return str(picture["hashes"][0])
    raise AssertionError("no picture found")


def in_memory(content: bytes) -> int:
    """A descriptor for reading only, as the sandbox demands."""
    writable = os.memfd_create("picture")
    os.write(writable, content)
    fd = os.open(f"/proc/self/fd/{writable}", os.O_RDONLY)
    os.close(writable)
    return fd


def sandbox_cost(size: str) -> float:
    """Milliseconds of processor time a JPEG that the sandbox adds to decoding and hashing it."""
    fd = in_memory(next(photographs(size)).encoded("JPEG"))
    with Sandbox() as sandbox:
        sandbox.decode("image", fd)
        parents = list(sandbox.pids().values())
        start = processor_seconds(parents)
        for _ in range(SANDBOXED):
            sandbox.decode("image", fd)
        within = processor_seconds(parents) - start
    start = time.process_time()
    for _ in range(SANDBOXED):
        hash_of_file(fd)
    without = time.process_time() - start
    os.close(fd)
    return (within - without) / SANDBOXED * 1000


def show(claim: str, peer: str, compared: Compared) -> float:
    peer_ms, our_ms = (seconds / len(PHOTOGRAPHS) * 1e3 for seconds in (compared.peer, compared.ours))
    print(
        f"{claim:12} {peer:15}{peer_ms:9.3f} ms   safelight{our_ms:9.3f} ms   {compared.ratio:6.1f} x",
        flush=True,
    )
    return compared.ratio


def core(claim: str, size: str, ours: Callable[[Pixels], str]) -> float:
    """Pixels in memory to hash."""
    compared = Compared()
    for photo in photographs(size):
        peer, mine = partial(hash_by_pdqhash, photo.pixels), partial(ours, photo.pixels)
        compare(peer, mine, ROUNDS[size], compared)
    return show(f"{claim}_{size}", "pdqhash", compared)


def files(format_: str, size: str) -> float:
    """A file to hash."""
    compared = Compared()
    for photo in photographs(size):
        content = photo.encoded(format_)
        fd = in_memory(content)
        compare(
            partial(PdqSignal.hash_from_bytes, content), partial(hash_of_file, fd), ROUNDS[size], compared
        )
        os.close(fd)
    return show(f"{format_.lower()}_{size}", "threatexchange", compared)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--core", action="store_true", help="only the hash of pixels in memory")
    parser.add_argument("--quick", action="store_true", help="leave out 12 megapixels")
    options = parser.parse_args()

    print(f"{platform.machine()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}; {_pdq.isa()}")
    sizes = [size for size in SIZES if not (options.quick and size == "12mp")]
    ratios = {f"core_{size}": core("core", size, hash_by_core) for size in sizes}
    ratios |= {f"exact_{size}": core("exact", size, hash_exactly) for size in sizes}
    figures: dict[str, float] = {}
    if not options.core:
        ratios |= {f"{f.lower()}_{size}": files(f, size) for f in FORMATS for size in sizes}
        figures = {f"sandbox_ms_{size}": sandbox_cost(size) for size in ("640", "1280")}
    for claim, ratio in ratios.items():
        print(f"RATIO {claim} {ratio:.2f}")
    for name, value in figures.items():
        print(f"FIGURE {name} {value:.2f}")


if __name__ == "__main__":
    main()
