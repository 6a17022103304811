"""One module a signal type: how a part is turned into a hash, and how two of them compare."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from safelight.errors import UsageError
from safelight.signals.audio import CHROMAPRINT, CHROMAPRINT_SHORT
from safelight.signals.digest import MD5, SHA1, SHA256
from safelight.signals.pdq import PDQ
from safelight.signals.vpdq import VPDQ
from safelight.signals.weights import AUTOV1, AUTOV2, AUTOV3, SKETCH, T1, T16, TSID

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safelight.signals.signal_type import SignalType

_TYPES: Final[tuple[SignalType, ...]] = (
    *(MD5, SHA1, SHA256, PDQ, VPDQ),
    *(AUTOV1, AUTOV2, AUTOV3, T1, T16, TSID, SKETCH),
    *(CHROMAPRINT, CHROMAPRINT_SHORT),
)

SIGNAL_TYPES: Final[Mapping[str, SignalType]] = MappingProxyType({each.name: each for each in _TYPES})
"""Every signal type by its name."""


def signal_type(name: str) -> SignalType:
    """The signal type of a name. Raises :class:`~safelight.errors.UsageError` that lists the names."""
    try:
        return SIGNAL_TYPES[name]
    except KeyError:
        raise UsageError(f"no signal type {name!r}; there are {', '.join(SIGNAL_TYPES)}") from None
