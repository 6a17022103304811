"""Bindings of native/pdq; the headers there say what each function promises.

``pixels`` is any C-contiguous buffer (bytes, a memoryview, a NumPy array) of 8-bit rows; ``stride`` is the
distance between them in bytes, 0 where they touch; ``channels`` is 1 (grey) or 3 (RGB); width, height and
rows are those stored, ``orientation`` the EXIF value. The global lock is released while hashing.
``ValueError`` when a number is out of range or the buffer is too short.
"""

from typing import TypeAlias

from typing_extensions import Buffer

_Hashed: TypeAlias = tuple[tuple[bytes, bytes, bytes, bytes, bytes, bytes, bytes, bytes], int, bool]

def hash(  # noqa: A001
    pixels: Buffer, width: int, height: int, channels: int, stride: int = 0, orientation: int = 1
) -> _Hashed:
    """The eight hashes in the order of ``Transform``, the quality, and whether the fast pass was certain."""

def hash_reference(
    pixels: Buffer, width: int, height: int, channels: int, stride: int = 0, orientation: int = 1
) -> _Hashed:
    """The same by the reference's arithmetic alone; always certain."""

def stream(
    pixels: Buffer,
    width: int,
    height: int,
    channels: int,
    stride: int = 0,
    orientation: int = 1,
    chunk: int = 1,
    reference: bool = False,
) -> _Hashed:
    """One pass, pushed ``chunk`` rows at a time; rows that the buffer lacks count as black."""

def rounding(pixels: Buffer, width: int, height: int, channels: int) -> tuple[float, float, float]:
    """How far the fast pass lies from the reference: shares of the bounds on coefficients and gradients (each
    below 1 where the bound holds), and the picture's texture in bits."""

def hamming(a: bytes, b: bytes) -> int:
    """In how many of 256 bits two hashes of 32 bytes differ."""

def isa() -> str:
    """The instruction set in use: ``scalar``, ``avx2`` or ``avx512``."""
