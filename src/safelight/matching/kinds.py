"""Which signal types are indexed and how: by nearness or by equality, and how wide a value is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from safelight.errors import UsageError

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


PDQ: Final = IndexedType("pdq", 32, exact=False)
MD5: Final = IndexedType("md5", 16, exact=True)
SHA1: Final = IndexedType("sha1", 20, exact=True)
SHA256: Final = IndexedType("sha256", 32, exact=True)

INDEXED: Final = {kind.signal_type: kind for kind in (PDQ, MD5, SHA1, SHA256)}
"""Every signal type that can be indexed, by name."""


def indexed_type(signal_type: str) -> IndexedType:
    """The indexed type of that name. Raises :class:`UsageError` when there is none."""
    try:
        return INDEXED[signal_type]
    except KeyError:
        raise UsageError(
            f"no index for signal type {signal_type!r}; there are: {', '.join(INDEXED)}"
        ) from None
