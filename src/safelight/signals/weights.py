"""The short hashes by which model-hosting sites and generating programs name a model file."""

from __future__ import annotations

from typing import Final

from safelight.signals.signal_type import HexadecimalType
from safelight.types import Part, Signal

AUTOV2: Final = HexadecimalType(
    name="autov2",
    title="an AutoV2",
    digits=10,
    harmless=("e3b0c44298",),
)
"""The first 10 digits of the file's SHA-256. The example is that of nothing."""

AUTOV3: Final = HexadecimalType(
    name="autov3",
    title="an AutoV3",
    digits=12,
    harmless=("e3b0c44298fc",),
)
"""The first 12 digits of the SHA-256 of what follows a safetensors file's header."""

CLAIMED: Final = Part(selectors=(("claimed", "model"),))
"""The part of a hash that a file only *names*: its metadata claim that such a model made it."""

_BY_DIGITS: Final = {10: AUTOV2.name, 12: AUTOV3.name, 64: AUTOV2.name}


def claimed_model(text: str) -> Signal | None:
    """A model hash that metadata names, as a signal to look up in lists of models; None for other lengths.

    Programs write AutoV2 (10 digits), AutoV3 (12) or the whole SHA-256 (64), whose beginning is AutoV2. Never
    a signal of type SHA-256: what a file names is not what it is, and must not match as if it were.
    """
    name = _BY_DIGITS.get(len(text))
    if name is None:
        return None
    return Signal(name, text[: AUTOV2.digits] if name == AUTOV2.name else text, part=CLAIMED)
