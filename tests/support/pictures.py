"""Pictures made on the spot, and the oracle: Pillow's pixels hashed by the reference implementation."""

from __future__ import annotations

import io
import json
import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pdqhash
from PIL import Image, ImageDraw

from safelight.media import pillow_decoder
from safelight.native import _images

MAX_PIXELS = 100_000_000


def draw(width: int = 320, height: int = 240, seed: int = 1) -> Image.Image:
    """A picture with gradients, edges and texture, so that its PDQ quality is high; RGB."""
    random_ = random.Random(seed)
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    phase = random_.random() * 6
    channels = [128 + 90 * np.sin(phase + (3 + 2 * c) * x + (5 - c) * y * y + 4 * x * y) for c in range(3)]
    image = Image.fromarray(np.stack(channels, axis=2).clip(0, 255).astype(np.uint8), "RGB")
    pen = ImageDraw.Draw(image)
    for _ in range(40):
        left, top = random_.randrange(width), random_.randrange(height)
        size = random_.randrange(8, max(9, width // 4))
        colour = tuple(random_.randrange(256) for _ in range(3))
        shape = random_.choice([pen.ellipse, pen.rectangle])
        shape((left, top, left + size, top + size * random_.uniform(0.4, 1.2)), fill=colour)
    noise = np.random.default_rng(seed).integers(-12, 13, (height, width, 3))
    return Image.fromarray((np.asarray(image).astype(int) + noise).clip(0, 255).astype(np.uint8), "RGB")


def encode(image: Image.Image, format_: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, format_, **options)
    return out.getvalue()


def oracle(image: Image.Image) -> tuple[list[str], int]:
    """The eight reference hashes of a picture in mode L or RGB, and its quality."""
    pixels = np.ascontiguousarray(np.asarray(image.convert("RGB")))
    vectors, quality = pdqhash.compute_dihedral(pixels)
    return [np.packbits(vector.astype(np.uint8)).tobytes().hex() for vector in vectors], quality


def distance(a: str, b: str) -> int:
    return (int(a, 16) ^ int(b, 16)).bit_count()


@dataclass
class Replies:
    """What a decoder said, taken apart."""

    pictures: list[dict[str, Any]] = field(default_factory=list)
    problems: list[dict[str, Any]] = field(default_factory=list)
    deferred: bool = False

    @classmethod
    def parse(cls, messages: list[str]) -> Replies:
        replies = cls()
        *rest, end = [json.loads(message) for message in messages]
        for message in rest:
            match message:
                case {"picture": picture}:
                    replies.pictures.append(picture)
                case {"problem": problem}:
                    replies.problems.append(problem)
                case {"defer": {"to": "pillow"}}:
                    replies.deferred = True
                case _:
                    raise AssertionError(message)
        assert end == {"end": {"parts": len(replies.pictures)}}
        return replies

    @property
    def only(self) -> dict[str, Any]:
        """The single picture of a file with nothing wrong."""
        assert not self.deferred
        assert not self.problems
        assert len(self.pictures) == 1
        return self.pictures[0]

    @property
    def reasons(self) -> list[str]:
        return [problem["reason"] for problem in self.problems]

    def over(self, background: str) -> dict[str, Any]:
        [picture] = [p for p in self.pictures if ["over", background] in p["selectors"]]
        return picture


def _on_descriptor(content: bytes, decode: Callable[[int], list[str]]) -> Replies:
    fd = os.memfd_create("picture")
    try:
        os.write(fd, content)
        return Replies.parse(decode(fd))
    finally:
        os.close(fd)


def native(content: bytes, max_pixels: int = MAX_PIXELS) -> Replies:
    return _on_descriptor(content, lambda fd: _images.hash_unprotected(fd, max_pixels))


def pillow(content: bytes, max_pixels: int = MAX_PIXELS, max_parts: int = 1000) -> Replies:
    return _on_descriptor(
        content, lambda fd: list(pillow_decoder.decode(fd, max_pixels=max_pixels, max_parts=max_parts))
    )
