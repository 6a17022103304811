"""Broken copies of small pictures for the native decoders: ``python mutations.py SEED COUNT``.

Run as a program, since what is looked for would end it. Prints how many files ended in which way.
"""

from __future__ import annotations

import collections
import json
import random
import struct
import sys
import zlib
from collections.abc import Iterator

import numpy as np
from pictures import draw, encode, native
from PIL import Image

MAX_PIXELS = 1_000_000


def corpus() -> list[bytes]:
    image = draw(50, 40)
    clear = image.convert("RGBA")
    clear.putalpha(image.convert("L"))
    jpegs = [{}, {"progressive": True}, {"subsampling": 0}, {"restart_marker_blocks": 2}]
    jpegs += [{"exif": b"Exif\0\0MM\0*" + bytes(40)}]
    files = [encode(image, "JPEG", **options) for options in jpegs]
    files += [encode(image.convert("L"), "JPEG"), encode(image.convert("CMYK"), "JPEG")]
    pngs = [image, image.convert("L"), image.convert("1"), clear, clear.convert("LA"), image.quantize(16)]
    files += [encode(png, "PNG") for png in pngs]
    files += [encode(Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257), "PNG")]
    files += [encode(image.quantize(32), "PNG", transparency=bytes(32), exif=b"II*\0" + bytes(40))]
    files += [interlaced(png) for png in files if png.startswith(b"\x89PNG")]
    webps = [{"quality": 50}, {"lossless": True}, {"exact": True, "exif": b"Exif\0\0II*\0" + bytes(20)}]
    return files + [encode(source, "WEBP", **options) for source in (image, clear) for options in webps]


def interlaced(png: bytes) -> bytes:
    """The same rows under a header that calls them Adam7 passes: no picture, but valid chunks."""
    return resealed(png[:28] + b"\1" + png[29:])


def resealed(png: bytes) -> bytes:
    """With right checksums, so that decoders look at what is in the chunks."""
    out, at = png[:8], 8
    while at + 12 <= len(png):
        [length] = struct.unpack_from(">I", png, at)
        body = png[at + 4 : at + 8 + length]
        out += png[at : at + 4] + body + struct.pack(">I", zlib.crc32(body))
        at += 12 + length
    return out


def mutated(files: list[bytes], random_: random.Random) -> bytes:
    content = bytearray(random_.choice(files))
    for _ in range(random_.choice([1, 1, 2, 4, 16])):
        at = random_.randrange(max(1, len(content)))
        size = random_.choice([1, 1, 2, 4, 30])
        match random_.randrange(7):
            case 0:
                content[at : at + size] = random_.randbytes(size)
            case 1:
                content[at : at + 1] = bytes([random_.choice([0, 1, 0x7F, 0x80, 0xFF])])
            case 2:
                del content[at : at + size]
            case 3:
                content[at:at] = content[at : at + size]
            case 4:
                number = random_.choice([0, 1, 2**31 - 1, 2**32 - 1])
                content[at : at + 4] = number.to_bytes(4, random_.choice(["big", "little"]))
            case 5:
                del content[at:]
            case _:
                other = random_.choice(files)
                content[at : at + size] = other[at : at + size]
    if content.startswith(b"\x89PNG") and random_.random() < 0.7:
        return resealed(bytes(content))
    return bytes(content)


def mutations(seed: int, count: int) -> Iterator[bytes]:
    random_ = random.Random(seed)
    files = corpus()
    for _ in range(count):
        yield mutated(files, random_)


def main(seed: int, count: int) -> None:
    outcomes: collections.Counter[str] = collections.Counter()
    for content in mutations(seed, count):
        replies = native(content, MAX_PIXELS)  # parses every message
        assert replies.deferred or replies.pictures or replies.problems
        assert all(picture["width"] * picture["height"] <= MAX_PIXELS for picture in replies.pictures)
        outcomes.update(replies.reasons)
        outcomes.update(deferred=replies.deferred, hashed=bool(replies.pictures))
    print(json.dumps(outcomes))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
