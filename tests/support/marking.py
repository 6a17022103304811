"""Writes ``dwtDct`` marks, as the package ``invisible-watermark`` does, so that they can be looked for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

STEP, BLOCK = 36.0, 4


def marked(rgb: NDArray[np.uint8], bits: str) -> NDArray[np.uint8]:
    """The picture with the message in its U plane, repeated over the blocks."""
    height, width = (side // 4 * 4 for side in rgb.shape[:2])
    red, green, blue = (rgb[:height, :width, i].astype(np.float64) for i in range(3))
    luma = np.rint(0.299 * red + 0.587 * green + 0.114 * blue)
    u = np.clip(np.rint((blue - luma) * 0.492 + 128), 0, 255)
    v = np.clip(np.rint((red - luma) * 0.877 + 128), 0, 255)
    u = _with_message(u, bits)
    out = rgb.copy()
    restored = (
        luma + 1.140 * (v - 128),
        luma - 0.395 * (u - 128) - 0.581 * (v - 128),
        luma + 2.032 * (u - 128),
    )
    for channel, plane in enumerate(restored):
        out[:height, :width, channel] = np.clip(np.rint(plane), 0, 255)
    return out


def _with_message(plane: NDArray[np.float64], bits: str) -> NDArray[np.float64]:
    a, b, c, d = plane[::2, ::2], plane[::2, 1::2], plane[1::2, ::2], plane[1::2, 1::2]
    low = (a + b + c + d) / 2
    details = ((a - b + c - d) / 2, (a + b - c - d) / 2, (a - b - c + d) / 2)
    number = 0
    for i in range(low.shape[0] // BLOCK):
        for j in range(low.shape[1] // BLOCK):
            block = low[i * BLOCK : (i + 1) * BLOCK, j * BLOCK : (j + 1) * BLOCK]
            at = int(np.argmax(np.abs(block.ravel()[1:]))) + 1
            place = divmod(at, BLOCK)
            wanted = 0.25 + 0.5 * (bits[number % len(bits)] == "1")
            sign = 1 if block[place] >= 0 else -1
            block[place] = sign * (abs(block[place]) // STEP + wanted) * STEP
            number += 1
    h, v, x = details
    out = np.empty_like(plane)
    out[::2, ::2], out[::2, 1::2] = (low + h + v + x) / 2, (low - h + v - x) / 2
    out[1::2, ::2], out[1::2, 1::2] = (low + h - v - x) / 2, (low - h - v + x) / 2
    return out
