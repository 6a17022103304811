"""The decoder of sound on a machine without libchromaprint."""

from __future__ import annotations

import ctypes


class _Missing(ctypes.CDLL):
    def __init__(self, name: str | None, *more: object, **options: object) -> None:
        if name and "chromaprint" in name:
            raise OSError(f"{name}: cannot open shared object file")
        super().__init__(name, *more, **options)


ctypes.CDLL = _Missing  # type: ignore[misc]

from safelight.media.audio_decoder import decode  # noqa: E402

__all__ = ["decode"]
