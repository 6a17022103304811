"""A receiver's secret and a message at rest: sealed under the records' key, each bound to its row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from uuid import UUID

from safelight.keys import Purpose, Sealer
from safelight.server.ledger.services import JSON
from safelight.server.secrets import process_keys


def seal_secret(endpoint: UUID, secret: str) -> bytes:
    """Seal it for the database."""
    return _sealer().seal(secret.encode(), _place("secret", endpoint))


def open_secret(endpoint: UUID, sealed: bytes) -> str:
    """The secret, to sign with. Raises :class:`~safelight.errors.KeyMismatch`."""
    return _sealer().open(bytes(sealed), _place("secret", endpoint)).decode()


def seal_data(delivery: UUID, data: Mapping[str, JSON]) -> bytes:
    """Seal what a message says."""
    return _sealer().seal(json.dumps(dict(data)).encode(), _place("data", delivery))


def open_data(delivery: UUID, sealed: bytes) -> dict[str, JSON]:
    """What a message says, to send it. Raises :class:`~safelight.errors.KeyMismatch`."""
    told: dict[str, JSON] = json.loads(_sealer().open(bytes(sealed), _place("data", delivery)))
    return told


def _sealer() -> Sealer:
    return Sealer(process_keys(), Purpose.RECORD_SEAL)


def _place(what: str, row: UUID) -> bytes:
    return f"safelight/server/webhook/{what}/".encode() + row.bytes
