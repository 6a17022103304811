"""The sketch of a LoRA's up matrix: what stays of its order when it is scaled, rounded or trained on.

Bit *i* says whether element *p* is larger than element *q*, for 256 pairs that follow from the number of
elements alone, by SplitMix64 (Steele, Lea and Flood, 2014). Up matrices only: they begin as zeros, so that
nothing in them is of the base model, or of how training was begun.
"""

from __future__ import annotations

import os
import re
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from safelight.media.model_formats.layout import Range

PAIRS: Final = 256
LEAST: Final = 64
"""Elements of a tensor, below which pairs repeat; and pairs of either kind, without which a matrix of hardly
anything but zeros would be like every other."""

_UP: Final = re.compile(r"(^|[._])lora[._](up|b)([._]|$)", re.IGNORECASE)
"""``…lora_up.weight``, ``…lora_B.default.weight``, ``…lora.up.weight``, ``….lora_b``."""


def sketch(fd: int, tensor: Range, float_: str) -> str | None:
    """64 hexadecimal digits; None for tensors that have none. ``float_`` is numpy's name for the elements.

    ``<u2`` stands for bfloat16, whose upper bits are those of a 32-bit float.
    """
    width = np.dtype(float_).itemsize
    count = tensor.size // width
    if count < LEAST or not _UP.search(tensor.name):
        return None
    places = _splitmix(count, 2 * PAIRS) % np.uint64(count)
    read = b"".join(os.pread(fd, width, tensor.at + int(place) * width) for place in places)
    if len(read) != 2 * PAIRS * width:
        return None
    numbers: npt.NDArray[Any] = np.frombuffer(read, float_)
    if float_ == "<u2":
        numbers = (numbers.astype("<u4") << 16).view("<f4")
    bits = numbers[:PAIRS] > numbers[PAIRS:]
    return np.packbits(bits).tobytes().hex() if LEAST <= bits.sum() <= PAIRS - LEAST else None


def _splitmix(seed: int, count: int) -> npt.NDArray[np.uint64]:
    with np.errstate(over="ignore"):
        mixed = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return mixed ^ (mixed >> np.uint64(31))
