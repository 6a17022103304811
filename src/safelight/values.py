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
    "sketch": 256,
    "t1": 256,
    "t16": 256,
    "tsid": 256,
}
"""Signal types written as hexadecimal, and their length in bits.

RFC 1321, FIPS 180-4, the PDQ reference; AutoV1 to AutoV3 as model-hosting sites show them; T1, T16 and TSID
are SHA-256 of tensors, and a sketch is of their order, see :mod:`safelight.signals.weights`.
"""

SOUND_TYPES: Final = ("chromaprint", "chromaprint_short")
"""Signal types of sounds: a row of 32-bit items, each written as 8 hexadecimal digits."""

ITEM_DIGITS: Final = 8
LEAST_ITEMS: Final = 11
"""Shorter fingerprints of different sounds come too near each other."""
MOST_ITEMS: Final = 4096
"""A longer sound has several values, which overlap by a window."""

SIGNAL_TYPES: Final = tuple(sorted((*HEX_BITS, *SOUND_TYPES)))
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
    if bits is None and signal_type not in SOUND_TYPES:
        raise ValueError(f"its signal type is none of {', '.join(SIGNAL_TYPES)}")
    if bits is None:
        _check_items(len(text), signal_type)
    elif len(text) * 4 != bits:
        raise ValueError(f"it has {len(text)} characters where {signal_type} has {bits // 4}")
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        raw = b""
    # fromhex() skips white space, which no canonical value has.
    if len(raw) * 2 != len(text):
        raise ValueError("it has a character that is no hexadecimal digit")
    return raw


def unpack(signal_type: str, raw: bytes) -> str:
    """The canonical text of packed bytes; the inverse of :func:`pack`. Raises ``ValueError``."""
    sound = signal_type in SOUND_TYPES and _is_sound(len(raw) * 2)
    if not sound and HEX_BITS.get(signal_type) != len(raw) * 8:
        raise ValueError(f"{len(raw)} bytes are no value of type {signal_type}")
    return raw.hex()


def _is_sound(digits: int) -> bool:
    return digits % ITEM_DIGITS == 0 and LEAST_ITEMS <= digits // ITEM_DIGITS <= MOST_ITEMS


def _check_items(digits: int, signal_type: str) -> None:
    if not _is_sound(digits):
        raise ValueError(
            f"it has {digits} characters where {signal_type} has {ITEM_DIGITS} for each of "
            f"{LEAST_ITEMS} to {MOST_ITEMS} items"
        )


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
    if signal_type in SOUND_TYPES and not _tells(raw):
        return (
            "it is the fingerprint of silence, a hum or a steady noise, and every other of these is like it"
        )
    return None


def _tells(raw: bytes) -> bool:
    from safelight.sounds import items_of, tells  # noqa: PLC0415 - NumPy, which most lists do not need

    return tells(items_of(raw))
