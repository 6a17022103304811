"""The fast pass knows when rounding could have decided a bit: what it calls certain is the reference's answer."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from safelight.native import _pdq

GRAIN = 1.5
"""Bits of texture from which on the bound is relied on (stream.cpp)."""


def pictures(drawers, photographs, rng, count):
    """Photographs cropped, scaled and recompressed, drawings, and one laid over the other."""
    photos, draws = list(photographs.values()), list(drawers.values())
    for _ in range(count):
        width, height = (int(v) for v in rng.integers(5, 900, 2))
        source = photos[rng.integers(len(photos))]
        photo = np.asarray(Image.fromarray(source).convert("RGB").resize((width, height)))
        drawing = draws[rng.integers(len(draws))](width, height, rng)
        line = int(rng.integers(height))
        blob = io.BytesIO()
        Image.fromarray(drawing).save(blob, "JPEG", quality=int(rng.integers(50, 98)))
        yield from (photo, drawing, np.vstack([photo[:line], drawing[line:]]), np.asarray(Image.open(blob)))


def check(drawers, photographs, seed, count):
    largest = 0.0
    for pixels in pictures(drawers, photographs, np.random.default_rng(seed), count):
        height, width = pixels.shape[:2]
        if (width, height) == (64, 64):
            continue
        coefficients, gradients, bits = _pdq.rounding(pixels, width, height, 3)
        if bits >= GRAIN:
            largest = max(largest, coefficients, gradients)
        fast = _pdq.stream(pixels, width, height, 3)
        assert not fast[2] or fast[:2] == _pdq.hash_reference(pixels, width, height, 3)[:2]
    return largest


def test_the_bound_holds_where_it_is_relied_on(drawers, photographs):
    assert check(drawers, photographs, seed=3, count=150) < 1


@pytest.mark.slow
def test_the_bound_holds_for_thousands(drawers, photographs):
    largest = check(drawers, photographs, seed=4, count=5000)
    print(f"FIGURE pdq_rounding_share {largest:.2f}")
    assert largest < 1


def test_photographs_seldom_need_the_second_pass(photographs):
    """As cameras and web sites keep them: cut, reduced, JPEG. A few in a hundred are uncertain."""
    rng = np.random.default_rng(5)
    drawn = {"text", "page", "clock", "colorwheel"}
    photos = [Image.fromarray(a).convert("RGB") for name, a in photographs.items() if name not in drawn]
    uncertain = 0
    for _ in range(400):
        photo = photos[rng.integers(len(photos))]
        part = 0.5 + 0.5 * rng.random()
        width, height = (int(side * part) for side in photo.size)
        left, top = (int(rng.random() * (side * (1 - part))) for side in photo.size)
        scale = 0.4 + 0.6 * rng.random()
        copy = photo.crop((left, top, left + width, top + height))
        copy = copy.resize((int(width * scale), int(height * scale)), Image.Resampling.LANCZOS)
        blob = io.BytesIO()
        copy.save(blob, "JPEG", quality=int(rng.integers(60, 97)))
        pixels = np.asarray(Image.open(blob))
        uncertain += not _pdq.stream(pixels, copy.width, copy.height, 3)[2]
    assert uncertain <= 400 * 0.1


def test_a_plain_picture_is_not_certain():
    """Its coefficients are all rounding: the median lies among equals."""
    assert not _pdq.stream(np.full((100, 200, 3), 137, np.uint8), 200, 100, 3)[2]
