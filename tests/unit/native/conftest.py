"""Benign pictures of many kinds, and the reference implementation to hold our hashes against."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pdqhash
import pytest
import skimage.data
from PIL import Image, ImageDraw, ImageFont

Pixels = npt.NDArray[np.uint8]
PHOTOGRAPHS = (
    "brick", "chelsea", "clock", "coffee", "coins", "colorwheel", "grass", "gravel", "hubble_deep_field", "moon",
    "page", "rocket", "text",
)  # fmt: skip
"""Of objects, animals and places; never of people."""


@dataclass(frozen=True)
class Hashed:
    hashes: tuple[bytes, ...]
    quality: int


@pytest.fixture(scope="session")
def photographs() -> dict[str, Pixels]:
    taken = {name: np.asarray(getattr(skimage.data, name)()) for name in PHOTOGRAPHS}
    taken["motorcycle"] = skimage.data.stereo_motorcycle()[0]
    return {name: np.ascontiguousarray(a if a.ndim == 2 else a[:, :, :3]) for name, a in taken.items()}


@pytest.fixture(scope="session")
def resized() -> Callable[[Pixels, int, int], Pixels]:
    def resize(pixels: Pixels, width: int, height: int) -> Pixels:
        return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC))

    return resize


@pytest.fixture(scope="session")
def oracle() -> Callable[[Pixels], Hashed]:
    """The reference's answer; grey pictures as it is given them, three times the same."""

    def ask(pixels: Pixels) -> Hashed:
        rgb = np.ascontiguousarray(pixels if pixels.ndim == 3 else np.repeat(pixels[:, :, None], 3, axis=2))
        height, width = rgb.shape[:2]
        bits, quality = pdqhash.compute(rgb)
        first = np.packbits(bits.astype(np.uint8)).tobytes()
        if (height, width) == (64, 64):  # the reference's dihedral function lacks this special case
            return Hashed((first,), quality)
        eight, _ = pdqhash.compute_dihedral(rgb)
        hashes = tuple(np.packbits(each.astype(np.uint8)).tobytes() for each in eight)
        assert hashes[0] == first
        return Hashed(hashes, quality)

    return ask


Drawer = Callable[[int, int, np.random.Generator], Pixels]


def _colour(rng: np.random.Generator) -> Pixels:
    return (
        rng.integers(0, 256, 3).astype(np.uint8)
        if rng.random() < 0.7
        else np.full(3, rng.integers(256), np.uint8)
    )


def _two_colours(mask: npt.NDArray[np.bool_], rng: np.random.Generator) -> Pixels:
    return np.where(mask[:, :, None], _colour(rng), _colour(rng)).astype(np.uint8)


def _flat(width: int, height: int, rng: np.random.Generator) -> Pixels:
    return np.broadcast_to(_colour(rng), (height, width, 3)).copy()


def _spikes(width: int, height: int, rng: np.random.Generator) -> Pixels:
    pixels = _flat(width, height, rng)
    for _ in range(rng.integers(1, 6)):
        x, y, size = rng.integers(width), rng.integers(height), rng.integers(1, 40)
        pixels[y : y + size, x : x + size] = _colour(rng)
    return pixels


def _ramp(width: int, height: int, rng: np.random.Generator) -> Pixels:
    t = (
        np.linspace(0, 1, width)[None, :, None] * rng.random()
        + np.linspace(0, 1, height)[:, None, None] * rng.random()
    )
    return (_colour(rng) * t / 2 + _colour(rng) * (1 - t / 2)).astype(np.uint8)


def _stripes(width: int, height: int, rng: np.random.Generator) -> Pixels:
    period = rng.integers(2, 80)
    across = (np.arange(width) % period)[None, :]
    return _two_colours(across < period * np.linspace(rng.random(), rng.random(), height)[:, None], rng)


def _squares(width: int, height: int, rng: np.random.Generator) -> Pixels:
    across, down = np.arange(width) // rng.integers(1, 40), np.arange(height) // rng.integers(1, 40)
    return _two_colours((across[None, :] + down[:, None]) % 2 == 0, rng)


def _noise(width: int, height: int, rng: np.random.Generator) -> Pixels:
    low = rng.integers(0, 256)
    return rng.integers(low, rng.integers(low, 256) + 1, (height, width, 3)).astype(np.uint8)


def _saturated(width: int, height: int, rng: np.random.Generator) -> Pixels:
    return _two_colours(rng.random((height, width)) < rng.random(), rng)


def _mirrored(width: int, height: int, rng: np.random.Generator) -> Pixels:
    pixels = _shapes(width, height, rng)
    return np.maximum(pixels, pixels[:, ::-1])


def _shapes(width: int, height: int, rng: np.random.Generator) -> Pixels:
    image = Image.fromarray(_flat(width, height, rng))
    draw = ImageDraw.Draw(image)
    for _ in range(rng.integers(1, 15)):
        x, y = (int(v) for v in rng.integers((width, height)))
        box = (x, y, x + int(rng.integers(width)), y + int(rng.integers(height)))
        shape = draw.ellipse if rng.random() < 0.5 else draw.rectangle
        shape(box, fill=tuple(int(c) for c in _colour(rng)))
    return np.asarray(image)


def _writing(width: int, height: int, rng: np.random.Generator) -> Pixels:
    image = Image.new("RGB", (width, height), "white")
    font = ImageFont.load_default(size=int(rng.integers(8, 40)))
    ImageDraw.Draw(image).multiline_text(
        (2, 2), "safelight\ndarkroom\n0123456789" * 4, fill="black", font=font
    )
    return np.asarray(image)


def _waves(width: int, height: int, rng: np.random.Generator) -> Pixels:
    x, y = np.linspace(0, np.pi, width)[None, :], np.linspace(0, np.pi, height)[:, None]
    grey = 127.5 + 127.5 * np.cos(x * rng.integers(20)) * np.cos(y * rng.integers(20))
    return np.repeat(grey.astype(np.uint8)[:, :, None], 3, axis=2)


DRAWERS: dict[str, Drawer] = {
    "flat": _flat, "spikes": _spikes, "ramp": _ramp, "stripes": _stripes, "squares": _squares, "noise": _noise,
    "saturated": _saturated, "mirrored": _mirrored, "shapes": _shapes, "writing": _writing, "waves": _waves,
}  # fmt: skip


@pytest.fixture(scope="session")
def drawers() -> dict[str, Drawer]:
    """Pictures that we draw; some made so that the reference's rounding errors add up."""
    return DRAWERS
