"""Which signal types are indexed and how: by nearness or by equality, and how wide a value is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from safelight.errors import UsageError
from safelight.values import HEX_BITS

Bytes2D = npt.NDArray[np.uint8]
"""One value a row, ``[n, width]``, C-contiguous."""
Rows = npt.NDArray[np.uint64]
"""Row numbers of the store."""


@dataclass(frozen=True, slots=True)
class IndexedType:
    """A signal type as an index sees it: ``width`` bytes a value, compared by Hamming distance or exactly."""

    signal_type: str
    width: int
    exact: bool

    def pack(self, values: Sequence[str]) -> Bytes2D:
        """Lower-case hexadecimal to an array. Raises :class:`UsageError` for a value of another form."""
        joined = "".join(values)
        try:
            raw = bytes.fromhex(joined)
        except ValueError as error:
            raise UsageError(f"a {self.signal_type} value is not hexadecimal") from error
        if len(raw) != self.width * len(values) or any(len(value) != 2 * self.width for value in values):
            raise UsageError(f"a {self.signal_type} value must have {2 * self.width} hexadecimal digits")
        return np.frombuffer(raw, dtype=np.uint8).reshape(len(values), self.width)


INDEXED: Final = {
    signal_type: IndexedType(signal_type, bits // 8, exact=signal_type not in {"pdq", "sketch"})
    for signal_type, bits in HEX_BITS.items()
}
"""Every signal type that can be indexed, by name; PDQ and sketches are compared by nearness."""

PDQ: Final = INDEXED["pdq"]
SKETCH: Final = INDEXED["sketch"]
