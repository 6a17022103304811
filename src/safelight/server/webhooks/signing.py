"""How a message is signed: the Standard Webhooks scheme, so that any library of it can verify.

``v1`` is HMAC-SHA256 over ``id.timestamp.body`` in base64 (Standard Webhooks 1.0, "Signature scheme"). While
a secret is being rotated a message carries one signature a secret.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Final

PREFIX: Final = "whsec_"
_BYTES: Final = 32


def new_secret() -> str:
    """256 random bits, written as receivers' libraries read them."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def signed_headers(message_id: str, at: datetime, body: bytes, keys: Iterable[str]) -> dict[str, str]:
    """The three headers for a body, signed with every secret given."""
    timestamp = str(int(at.timestamp()))
    signatures = [f"v1,{_signature(key, f'{message_id}.{timestamp}.'.encode() + body)}" for key in keys]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(signatures),
    }


def _signature(secret: str, content: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
