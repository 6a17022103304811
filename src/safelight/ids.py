"""Identifiers that sort by time and can be made anywhere without asking (RFC 9562, version 7)."""

from __future__ import annotations

import os
import time
import uuid


def uuid7() -> str:
    """A new UUIDv7 as lower-case text: 48 bits of Unix milliseconds, then 74 random bits (RFC 9562 §5.7)."""
    bits = int.from_bytes(os.urandom(10), "big")
    value = (time.time_ns() // 1_000_000) << 80 | bits
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=value & (1 << 128) - 1))
