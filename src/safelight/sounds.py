"""What a sound's fingerprint is made of, and which ones tell nothing: below signals, lists and indexes alike.

A fingerprint is a row of 32-bit items, each of some two seconds of sound and a tenth later than the one
before. Fingerprints are compared window by window, and a window whose bits hardly change (silence, a hum, a
steady noise) looks like any other such window.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Items = npt.NDArray[np.uint32]
"""The items of a fingerprint, in order."""

ITEM_BITS: Final = 32

WINDOW: Final = 40
"""Items that are compared at a time: with Chromaprint's usual algorithm 7.4 seconds of sound."""

TELLING: Final = 0.70
"""Mean entropy of a bit, 0-1, that some window of a fingerprint must reach. White noise stays below 0.45."""

TELLING_WINDOW: Final = 0.55
"""The same for every window that is compared, and for fingerprints shorter than :data:`WINDOW`: few items
cannot show more. At this gate no two of 40 steady noises that were tried matched each other."""


def items_of(raw: bytes) -> Items:
    """The items of a packed value, big-endian; ``ValueError`` for a length that is no multiple of 4."""
    return np.frombuffer(raw, dtype=">u4").astype(np.uint32)


def packed(items: Items) -> bytes:
    """The inverse of :func:`items_of`."""
    return items.astype(">u4").tobytes()


def entropies(items: Items, width: int) -> npt.NDArray[np.float32]:
    """The mean entropy of a bit, 0-1, in each window of ``width`` items; empty for fewer items than that.

    Takes 300 bytes an item.
    """
    bits = (items[:, None] >> np.arange(ITEM_BITS, dtype=np.uint32)) & np.uint32(1)
    sums = np.zeros((len(items) + 1, ITEM_BITS), dtype=np.int32)
    np.cumsum(bits, axis=0, out=sums[1:])
    ones = (sums[width:] - sums[:-width]) if len(items) >= width else sums[:0]
    table = np.arange(width + 1) / width
    with np.errstate(divide="ignore", invalid="ignore"):
        one_bit = -(table * np.log2(table) + (1 - table) * np.log2(1 - table))
    mean: npt.NDArray[np.float32] = np.nan_to_num(one_bit).astype(np.float32)[ones].mean(axis=1)
    return mean


def telling_windows(items: Items, width: int, gate: float = TELLING_WINDOW) -> npt.NDArray[np.bool_]:
    """Which windows of ``width`` items change enough to be compared, by where they begin.

    Their mean entropy reaches the gate, and of their items no more than a quarter repeat the one before: the
    moment at which a sound begins after silence is like any other such moment.
    """
    repeats = np.zeros(len(items) + 1, dtype=np.int32)
    repeats[2:] = np.cumsum(items[1:] == items[:-1])
    still = (repeats[width:] - repeats[:-width]) if len(items) >= width else repeats[:0]
    telling: npt.NDArray[np.bool_] = (entropies(items, width) >= gate) & (still <= width // 4)
    return telling


def tells(items: Items) -> bool:
    """Whether a fingerprint has a window to be told by."""
    width = min(WINDOW, len(items))
    return bool(telling_windows(items, width, TELLING if width == WINDOW else TELLING_WINDOW).any())
