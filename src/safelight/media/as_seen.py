"""Turns any of Pillow's pixel modes into what a viewer shows, since PDQ of anything else matches nothing.

A CMYK picture hashed as it is stored lands at distance 254 of its RGB original, a palette picture at 38.
"""

from __future__ import annotations

import math
from typing import Final

from PIL import Image

_WHITE: Final = (255, 255, 255, 255)
_BLACK: Final = (0, 0, 0, 255)


def as_seen(image: Image.Image) -> tuple[tuple[str | None, Image.Image], ...]:
    """The loaded picture in mode ``L`` or ``RGB``, with the background it was laid on.

    One picture on ``None`` where every pixel is opaque, else two: on ``"white"`` and on ``"black"``.
    """
    seen = _eight_bits(image)
    if seen.mode != "RGBA":
        return ((None, seen),)
    if seen.getchannel("A").getextrema()[0] == 255:
        return ((None, seen.convert("RGB")),)
    return (("white", _laid_on(_WHITE, seen)), ("black", _laid_on(_BLACK, seen)))


def _laid_on(background: tuple[int, int, int, int], image: Image.Image) -> Image.Image:
    return Image.alpha_composite(Image.new("RGBA", image.size, background), image).convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """In mode ``L``, ``RGB`` or ``RGBA``."""
    mode = image.mode
    if mode.startswith("I;16"):
        return _high_bytes(image)
    if mode in {"I", "F"}:
        return _scaled(image)
    if mode == "La":
        image = image.convert("LA")
    if mode == "RGBa" or image.has_transparency_data:
        return image.convert("RGBA")
    if mode in {"1", "L"}:
        return image.convert("L")
    return image.convert("RGB")


def _high_bytes(image: Image.Image) -> Image.Image:
    # Pillow's own conversion clips at 255, which makes nearly every 16-bit picture white.
    little_endian = image.mode in {"I;16", "I;16L"}
    return Image.frombytes("L", image.size, image.tobytes()[1 if little_endian else 0 :: 2])


def _scaled(image: Image.Image) -> Image.Image:
    low, high = _range(image)
    factor = 255 / (high - low)
    return image.point(lambda value: value * factor - low * factor).convert("L")


def _range(image: Image.Image) -> tuple[float, float]:
    """The values to show as black and white: the narrowest customary range that holds all, or their own."""
    low, high = (float(value) for value in _pair(image.getextrema()))
    if not (math.isfinite(low) and math.isfinite(high)):
        return (0.0, 255.0)
    if low >= 0:
        customary = (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0)
        for top in customary:
            if high <= top:
                return (0.0, top)
    return (low, high) if high > low else (low, low + 1)


def _pair(extrema: tuple[float, float] | tuple[tuple[int, int], ...]) -> tuple[float, float]:
    low, high = extrema
    assert not isinstance(low, tuple)
    assert not isinstance(high, tuple)
    return low, high
