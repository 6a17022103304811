"""Chromaprint, by way of the system's library: PCM in, the items of a fingerprint out, while it streams.

The warm parent loads the library before any child loses the file system. Where there is none, sound is not
looked at, and whoever asked is told.
"""

from __future__ import annotations

import ctypes
import weakref
from contextlib import suppress
from typing import Final

import numpy as np
import numpy.typing as npt

from safelight.sounds import Items

RATE: Final = 11025
"""Samples a second that Chromaprint works with; it converts others."""

MISSING: Final = "libchromaprint is not installed; apt-get install libchromaprint1"

_NAMES: Final = ("libchromaprint.so.1", "libchromaprint.so")

_Raw = ctypes.POINTER(ctypes.c_uint32)


def _load() -> ctypes.CDLL | None:
    library = None
    for name in _NAMES:
        with suppress(OSError):
            library = ctypes.CDLL(name)
            break
    if library is None:
        return None
    context = ctypes.c_void_p
    library.chromaprint_new.restype = context
    library.chromaprint_get_version.restype = ctypes.c_char_p
    for call, arguments in {
        "chromaprint_new": [ctypes.c_int],
        "chromaprint_free": [context],
        "chromaprint_start": [context, ctypes.c_int, ctypes.c_int],
        "chromaprint_feed": [context, ctypes.c_void_p, ctypes.c_int],
        "chromaprint_finish": [context],
        "chromaprint_get_raw_fingerprint": [context, ctypes.POINTER(_Raw), ctypes.POINTER(ctypes.c_int)],
        "chromaprint_clear_fingerprint": [context],
        "chromaprint_dealloc": [ctypes.c_void_p],
    }.items():
        getattr(library, call).argtypes = arguments
    return library


_LIBRARY: Final = _load()


def library_version() -> str | None:
    """The version of the system's library; None where it is missing."""
    return _LIBRARY.chromaprint_get_version().decode() if _LIBRARY else None


class Fingerprinter:
    """Fingerprints one sound with one of Chromaprint's algorithms (1, the usual one, or 4).

    Raises ``RuntimeError`` where the library is missing, and ``MemoryError``.
    """

    def __init__(self, algorithm: int) -> None:
        if _LIBRARY is None:
            raise RuntimeError(MISSING)
        self._library = _LIBRARY
        self._context = ctypes.c_void_p(_LIBRARY.chromaprint_new(algorithm))
        if self._context.value is None:
            raise MemoryError
        weakref.finalize(self, _LIBRARY.chromaprint_free, self._context)
        self._done(_LIBRARY.chromaprint_start(self._context, RATE, 1))

    def feed(self, samples: npt.NDArray[np.int16]) -> None:
        """The next samples, 16 bit, one channel, at :data:`RATE`."""
        contiguous = np.ascontiguousarray(samples, dtype=np.int16)
        self._done(
            self._library.chromaprint_feed(
                self._context, contiguous.ctypes.data_as(ctypes.c_void_p), len(samples)
            )
        )

    def finish(self) -> None:
        """Nothing more will be fed."""
        self._done(self._library.chromaprint_finish(self._context))

    def take(self) -> Items:
        """The items since they were last taken."""
        raw, count = _Raw(), ctypes.c_int()
        self._done(
            self._library.chromaprint_get_raw_fingerprint(
                self._context, ctypes.byref(raw), ctypes.byref(count)
            )
        )
        try:
            items = np.frombuffer(ctypes.string_at(raw, 4 * count.value), dtype=np.uint32)
        finally:
            self._library.chromaprint_dealloc(raw)
        self._done(self._library.chromaprint_clear_fingerprint(self._context))
        return items

    def _done(self, well: int) -> None:
        if not well:
            raise MemoryError("libchromaprint gave up")
