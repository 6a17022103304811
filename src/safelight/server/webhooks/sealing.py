"""An endpoint's secret at rest: sealed under the records' key, and bound to its endpoint."""

from __future__ import annotations

from uuid import UUID

from safelight.keys import Purpose, Sealer
from safelight.server.secrets import process_keys


def seal_secret(endpoint: UUID, secret: str) -> bytes:
    """Seal it for the database."""
    return _sealer().seal(secret.encode(), _place(endpoint))


def open_secret(endpoint: UUID, sealed: bytes) -> str:
    """The secret, to sign with. Raises :class:`~safelight.errors.KeyMismatch`."""
    return _sealer().open(bytes(sealed), _place(endpoint)).decode()


def _sealer() -> Sealer:
    return Sealer(process_keys(), Purpose.RECORD_SEAL)


def _place(endpoint: UUID) -> bytes:
    return b"safelight/server/webhook/" + endpoint.bytes
