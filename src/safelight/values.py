"""How hashes are written, in one place below signals and lists, so that equal hashes are always equal text.

Error messages never repeat the value: it may be a listed one.
"""

from __future__ import annotations

from typing import Final

HEX_BITS: Final = {
    "autov1": 32,
    "autov2": 40,
    "autov3": 48,
    "md5": 128,
    "pdq": 256,
    "sha1": 160,
    "sha256": 256,
    "t1": 256,
    "t16": 256,
    "tsid": 256,
}
"""Signal types written as hexadecimal, and their length in bits.

RFC 1321, FIPS 180-4, the PDQ reference; AutoV1 to AutoV3 as model-hosting sites show them; T1, T16 and TSID
are SHA-256 of tensors, see :mod:`safelight.signals.weights`.
"""

SIGNAL_TYPES: Final = tuple(sorted(HEX_BITS))
"""Every signal type that has a written form."""

_EMPTY_FILE: Final = {
    "md5": bytes.fromhex("d41d8cd98f00b204e9800998ecf8427e"),
    "sha1": bytes.fromhex("da39a3ee5e6b4b0d3255bfef95601890afd80709"),
    "sha256": bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
}
_PLAIN: Final = {bytes(bits // 8): "0" for bits in HEX_BITS.values()} | {
    b"\xff" * (bits // 8): "1" for bits in HEX_BITS.values()
}


def pack(signal_type: str, text: str) -> bytes:
    """The bytes of a value written in upper or lower case.

    Raises ``ValueError``, which says what is wrong without repeating the text.
    """
    bits = HEX_BITS.get(signal_type)
    if bits is None:
        raise ValueError(f"its signal type is none of {', '.join(SIGNAL_TYPES)}")
    if len(text) * 4 != bits:
        raise ValueError(f"it has {len(text)} characters where {signal_type} has {bits // 4}")
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        raw = b""
    # fromhex() skips white space, which no canonical value has.
    if len(raw) * 8 != bits:
        raise ValueError("it has a character that is no hexadecimal digit")
    return raw


def unpack(signal_type: str, raw: bytes) -> str:
    """The canonical text of packed bytes; the inverse of :func:`pack`. Raises ``ValueError``."""
    if HEX_BITS.get(signal_type) != len(raw) * 8:
        raise ValueError(f"{len(raw)} bytes are no value of type {signal_type}")
    return raw.hex()


def canonical(signal_type: str, text: str) -> str:
    """The one way to write a value: lower case, nothing around it. Raises ``ValueError``."""
    return unpack(signal_type, pack(signal_type, text.strip()))


def degenerate(signal_type: str, raw: bytes) -> str | None:
    """Why a value would match what it should not, or None.

    Lists in the field carry placeholders (all bits alike) and the digests of an empty file; either would
    accuse files that have nothing to do with the list.
    """
    if (digit := _PLAIN.get(raw)) is not None:
        return f"every bit of it is {digit}, which is a placeholder and not a hash"
    if _EMPTY_FILE.get(signal_type) == raw:
        return "it is the digest of an empty file"
    return None
