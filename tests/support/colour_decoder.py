"""An example of a plugged-in watermark decoder: its mark is a picture of one agreed colour."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from safelight.provenance.watermark.plugins import PluginMark

COLOUR = (1, 2, 3)


def decode(pixels: NDArray[np.uint8]) -> Iterator[PluginMark]:
    """Yield the mark if every pixel has the colour."""
    if (pixels == COLOUR).all():
        yield PluginMark("A Licensed Program", certainty="every pixel", payload="7")
