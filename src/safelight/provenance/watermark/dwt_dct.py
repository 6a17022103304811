"""The ``dwtDct`` marks of Stable Diffusion 1, 2 and XL and of FLUX, decoded in plain numpy.

The scheme is that of the package ``invisible-watermark`` with which those programs write: in the Haar
approximation of the U plane, the largest coefficient of each 4 x 4 block (its first left out) is moved to a
quarter or to three quarters of a step of 36, for a 0 or a 1; the message repeats over the blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

_STEP: Final = 36.0
_BLOCK: Final = 4
_LEAST_REPEATS: Final = 4


@dataclass(frozen=True, slots=True)
class Mark:
    """One message; ``least`` of its bits must agree. 0 of 15,180 benign crops reached any of these."""

    software: str
    bits: str
    least: int


MARKS: Final = (
    Mark("Stable Diffusion 1", "".join(f"{byte:08b}" for byte in b"StableDiffusionV1"), 123),
    Mark("Stable Diffusion 2", "".join(f"{byte:08b}" for byte in b"SDV2"), 32),
    Mark("Stable Diffusion XL", f"{0b101100111110110010010000011110111011000110011110:b}", 44),
    Mark("FLUX", f"{0b001010101111111010000111100111001111010100101110:b}", 42),
)
"""FLUX's message has 48 bits of which the writer drops the two leading zeros."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A mark that was found, and how many of its bits agree."""

    mark: Mark
    agreeing: int


def decode(rgb: NDArray[np.uint8]) -> Iterator[Decoded]:
    """Every mark in a picture of shape ``(height, width, 3)``. A cut or scaled picture has lost its mark."""
    height, width = (side // _BLOCK * _BLOCK for side in rgb.shape[:2])
    if min(height, width) < 2 * _BLOCK:
        return
    bits = _block_bits(_u_plane(rgb[:height, :width]))
    for mark in MARKS:
        length = len(mark.bits)
        if bits.size < _LEAST_REPEATS * length:
            continue
        ones = np.bincount(np.arange(bits.size) % length, weights=bits, minlength=length)
        share = ones / np.bincount(np.arange(bits.size) % length, minlength=length)
        agreeing = int(((share * 255 > 127) == np.array([bit == "1" for bit in mark.bits])).sum())
        if agreeing >= mark.least:
            yield Decoded(mark, agreeing)


def _u_plane(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """U of BT.601 in 0-255, rounded to whole numbers as the writer's 8-bit pictures are."""
    red, green, blue = (rgb[..., channel].astype(np.float32) for channel in range(3))
    luma = np.rint(0.299 * red + 0.587 * green + 0.114 * blue)
    u: NDArray[np.float32] = np.clip(np.rint((blue - luma) * 0.492 + 128), 0, 255)
    return u


def _block_bits(plane: NDArray[np.float32]) -> NDArray[np.bool_]:
    """One bit for each block of the Haar approximation, row by row."""
    approximation = (plane[::2, ::2] + plane[1::2, ::2] + plane[::2, 1::2] + plane[1::2, 1::2]) / 2
    rows, columns = (side // _BLOCK for side in approximation.shape)
    blocks = approximation[: rows * _BLOCK, : columns * _BLOCK].reshape(rows, _BLOCK, columns, _BLOCK)
    flat = np.abs(blocks.transpose(0, 2, 1, 3).reshape(rows * columns, _BLOCK * _BLOCK)[:, 1:])
    bits: NDArray[np.bool_] = flat.max(axis=1) % _STEP > _STEP / 2
    return bits
