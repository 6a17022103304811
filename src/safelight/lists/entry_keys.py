"""Keys for entries whose source gives none: stable, so that importing a file again adds nothing, and opaque.

They are derived from a random secret of the store, not from the root key, because results, cases and reports
quote them: a rotation must not change them. A plain hash of the value would give listed values away.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from typing import Final

from safelight.lists.checks import pack_query
from safelight.types import Signal

SECRET_BYTES: Final = 32
_KEY_BYTES: Final = 16


def derive_entry_key(secret: bytes, signals: Sequence[Signal]) -> str:
    """``auto-`` and 32 hexadecimal digits: HMAC-SHA256 over the signals in one order, cut to 128 bits."""
    parts = sorted((signal.type, pack_query(signal)) for signal in signals)
    message = b"".join(type_.encode() + b"\0" + raw for type_, raw in parts)
    return "auto-" + hmac.digest(secret, message, "sha256")[:_KEY_BYTES].hex()
