"""PDQ, the perceptual hash that recompressed, resized and recoloured copies keep within a few bits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from safelight.lists.store import MAX_DISTANCE
from safelight.signals.signal_type import HexadecimalType
from safelight.types import WHOLE, Part, Signal, Transform, Unhashable, UnhashableReason

if TYPE_CHECKING:
    from collections.abc import Sequence

MINIMUM_QUALITY: Final = 50
"""Below this the picture is too plain: hashes of plain pictures match each other (PDQ description, 2019)."""

MINIMUM_SIDE: Final = 5
"""Pixels; the reference implementation hashes nothing smaller."""

_BYTES: Final = 32

PDQ: Final = HexadecimalType(
    name="pdq",
    title="a PDQ hash",
    digits=2 * _BYTES,
    harmless=("2b460147af062526b926053e853657f915bfdac9d5b82801d5beb5365ad95ad9",),
    max_distance=MAX_DISTANCE,
)
"""The example is the hash of drawn rings, ``((x - 100)**2 + (y - 150)**2) // 40 % 256``."""


def pdq_signal(
    hashes: Sequence[bytes], quality: int, width: int, height: int, part: Part = WHOLE
) -> Signal | Unhashable:
    """What the kernel computed for one picture, as a signal with its variants or the reason for having none.

    ``hashes`` are eight of 32 bytes in the order of :class:`~safelight.types.Transform`; ``quality`` is
    0-100; width and height are in pixels. Raises ``ValueError`` for anything else, so that a decoder's reply
    can be handed in as it came.
    """
    if len(hashes) != len(Transform) or any(len(each) != _BYTES for each in hashes):
        raise ValueError(f"expected {len(Transform)} PDQ hashes of {_BYTES} bytes")
    if not 0 <= quality <= 100:
        raise ValueError(f"PDQ quality is 0 to 100, not {quality}")
    if min(width, height) < MINIMUM_SIDE:
        return Unhashable(PDQ.name, UnhashableReason.TOO_SMALL, part=part)
    if quality < MINIMUM_QUALITY:
        return Unhashable(PDQ.name, UnhashableReason.TOO_PLAIN, quality, part)
    original, *turned = (each.hex() for each in hashes)
    return Signal(PDQ.name, original, quality, part, tuple(turned))
