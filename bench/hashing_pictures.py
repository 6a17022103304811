"""Makes the pictures that the hashing benchmark hashes: sample photographs at three sizes, with grain.

As JPEG they have 0.9 to 2.6 bits a pixel; the photographs published with the PDQ reference have 0.9 to 2.9.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import skimage.data
from PIL import Image

PHOTOGRAPHS = ("coffee", "chelsea", "brick", "gravel", "stereo_motorcycle")
"""Of objects, animals and places; never of people."""

SIZES = {"640": (640, 480), "1280": (1280, 960), "12mp": (4000, 3000)}

FORMATS: dict[str, dict[str, object]] = {
    "JPEG": {"quality": 85, "subsampling": "4:2:0"},
    "PNG": {"compress_level": 6},
    "WEBP": {"quality": 85, "method": 2},
}

GRAIN = 3.0
"""Grey levels, standard deviation; with it JPEG takes 0.15 to 0.25 bytes a pixel, as photographs do."""

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Photograph:
    """One photograph at one size."""

    name: str
    pixels: Pixels

    def encoded(self, format_: str) -> bytes:
        """The bytes of a file of it."""
        out = io.BytesIO()
        Image.fromarray(self.pixels).save(out, format_, **FORMATS[format_])
        return out.getvalue()


def photographs(size: str) -> Iterator[Photograph]:
    """The photographs, resized; enlarging smooths, so the grain of a sensor is laid over again."""
    rng = np.random.default_rng(1)
    for name in PHOTOGRAPHS:
        taken = getattr(skimage.data, name)()
        image = Image.fromarray(np.asarray(taken[0] if isinstance(taken, tuple) else taken)).convert("RGB")
        enlarged = np.asarray(image.resize(SIZES[size], Image.Resampling.BICUBIC)).astype(np.float32)
        grain = rng.normal(0, GRAIN, (*enlarged.shape[:2], 1)).astype(np.float32)
        yield Photograph(name, (enlarged + grain).clip(0, 255).astype(np.uint8))
