"""What no list should hold: hashes that say nothing of a picture and would accuse whatever comes by.

Real lists carry placeholders and hashes of blank frames. They are set apart with the reason, for people to
look at, and never searched.
"""

from __future__ import annotations

from typing import Final

from safelight.lists.store import MAX_DISTANCE
from safelight.values import degenerate

PLACEHOLDER: Final = "placeholder"
NEAR_CONSTANT: Final = "near_constant"

_FEW_BITS: Final = 8
"""Set or clear bits below which a digest is no digest: of 2^80 random ones not one has so few."""


def unfit(signal_type: str, raw: bytes) -> str | None:
    """Why a value is set apart, or None.

    Half the bits of a PDQ hash are set, because they say which coefficients lie above their median. One
    within the widest distance that a list may have of all zeros or all ones is of a picture without content.
    """
    if degenerate(signal_type, raw):
        return PLACEHOLDER
    ones, bits = int.from_bytes(raw, "big").bit_count(), len(raw) * 8
    few = MAX_DISTANCE if signal_type == "pdq" else _FEW_BITS
    return NEAR_CONSTANT if min(ones, bits - ones) <= few else None
