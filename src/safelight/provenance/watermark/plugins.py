"""Where decoders that we may not ship are plugged in: licensed ones, or a hotline's own.

A package announces a function under the entry point group :data:`GROUP`. It runs in the sandbox, without
network and file system, and is loaded before that closes; so it must bring its model along when imported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

GROUP: Final = "safelight.watermark_decoders"


@dataclass(frozen=True, slots=True)
class PluginMark:
    """What a plugged-in decoder found: the program that marks so, and what the mark says.

    ``certainty`` is the decoder's own statement in its own words, such as ``44 of 48 bits``.
    """

    software: str
    certainty: str = ""
    payload: str = ""


Decoder: TypeAlias = Callable[[NDArray[np.uint8]], Iterable[PluginMark]]
"""Takes a picture of shape ``(height, width, 3)`` in RGB and yields the marks in it."""


def installed() -> Iterator[tuple[str, Decoder]]:
    """The decoders that are installed, by name. One that cannot be imported raises what it raises."""
    for point in sorted(entry_points(group=GROUP), key=lambda found: found.name):
        yield point.name, point.load()
