"""Broken JPEGs, pixel for pixel as libjpeg-turbo shows them: ``python jpeg_mutations.py SEED COUNT``.

Run as a program, like mutations.py. Prints how many files our own decoder took, and how all of them ended.
"""

from __future__ import annotations

import collections
import json
import os
import random
import sys

import numpy as np
from mutations import mutated
from pictures import draw, encode
from PIL import Image

from safelight.native import _images

MAX_PIXELS = 10_000_000

Decoded = tuple[bytes, int, str, bool] | None

OPTIONS: list[dict[str, object]] = [
    {},
    {"quality": 20},
    {"quality": 100},
    {"subsampling": 0},
    {"subsampling": 1},
    {"restart_marker_blocks": 2},
    {"restart_marker_rows": 1},
    {"optimize": True},
    {"progressive": True},
]


def corpus() -> list[bytes]:
    noise = np.random.default_rng(5).integers(0, 256, (70, 90, 3), np.uint8)
    pictures = [draw(50, 40), draw(100, 70), Image.fromarray(noise)]
    colour = [encode(picture, "JPEG", **options) for picture in pictures for options in OPTIONS]
    return colour + [encode(picture.convert("L"), "JPEG") for picture in pictures]


def damaged_scan(content: bytes, random_: random.Random) -> bytes:
    """Bits and markers changed in the entropy-coded data alone."""
    begin = content.index(b"\xff\xda") + 14
    damaged = bytearray(content)
    for _ in range(random_.choice([1, 1, 2, 3])):
        at = random_.randrange(begin, len(damaged) - 2)
        other = [0, 0xFF, random_.randrange(256), 0xD0 + random_.randrange(8)]
        flipped = damaged[at] ^ 1 << random_.randrange(8)
        damaged[at] = random_.choice([flipped, flipped, random_.choice(other)])
    return bytes(damaged)


def other_steps(content: bytes, random_: random.Random) -> bytes:
    """Quantisation that takes coefficients out of the range that they have in pictures."""
    steps = content.index(b"\xff\xdb") + 5
    changed = bytearray(content)
    for _ in range(random_.choice([1, 4, 60])):
        changed[steps + random_.randrange(64)] = random_.choice([1, 255, random_.randrange(256)])
    return bytes(changed)


def broken(files: list[bytes], random_: random.Random) -> bytes:
    match random_.randrange(5):
        case 0 | 1:
            return mutated(files, random_)
        case 2 | 3:
            return damaged_scan(random_.choice(files), random_)
        case _:
            content = other_steps(random_.choice(files), random_)
            return damaged_scan(content, random_) if random_.random() < 0.5 else content


def decoded(content: bytes, *, by_library: bool) -> Decoded:
    """Pixels, how it ended, in what detail, and whether our decoder took it and kept it; none of no JPEG."""
    fd = os.memfd_create("picture")
    try:
        os.write(fd, content)
        return _images.jpeg_pixels(fd, MAX_PIXELS, by_library)
    finally:
        os.close(fd)


def main(seed: int, count: int) -> None:
    random_, files = random.Random(seed), corpus()
    outcomes: collections.Counter[str] = collections.Counter()
    for _ in range(count):
        content = broken(files, random_)
        ours, library = decoded(content, by_library=False), decoded(content, by_library=True)
        if ours is None or library is None:
            assert ours == library
            outcomes["no picture"] += 1
            continue
        assert ours[:3] == library[:3]
        outcomes["ours" if ours[3] else "left to the library"] += 1
        outcomes[f"ending {ours[1]}"] += 1
    print(json.dumps(outcomes))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
