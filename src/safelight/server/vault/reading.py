"""Evidence out: who reads is permitted, says why, and stands in the ledger before a byte is handed over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from uuid import UUID

from django.db import transaction

from safelight.errors import KeyRecordMissing, UsageError
from safelight.server.ledger.services import JSON, record
from safelight.server.people.actors import Actor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission
from safelight.server.vault import place
from safelight.server.vault.events import Event
from safelight.server.vault.key_records import key_record
from safelight.server.vault.models import SealedObject
from safelight.server.vault.wire import LONGEST_READ
from safelight.vault.wrapping import KeyRecord

LONGEST: Final = 64 << 20
"""Bytes that one call may ask for; they are held in memory."""


def read(actor: Actor, object_id: UUID, start: int, length: int, reason: str) -> bytes:
    """A range of the content; like a file, it ends early at the content's end.

    Refuses to run inside a transaction, because its ledger row must be committed before. Raises
    ``PermissionDenied``, :class:`~safelight.errors.UsageError`, and :class:`~safelight.errors.VaultError`.
    """
    if not reason.strip():
        raise UsageError("Say why the evidence is looked at; the reason is written to the ledger.")
    if start < 0 or not 0 < length <= LONGEST:
        raise UsageError(f"Ask for 1 to {LONGEST} bytes from a place in the file.")
    key = _permitted(actor, object_id, {"start": start, "length": length, "reason": reason.strip()})
    return place.vault().read(key, start, length)


def _permitted(actor: Actor, object_id: UUID, what: dict[str, JSON]) -> KeyRecord:
    """The object's key record, once it stands in the ledger that the actor reads it."""
    with transaction.atomic(durable=True):
        row = SealedObject.objects.select_related("item").filter(pk=object_id).first()
        require(actor, Permission.EVIDENCE_VIEW, item=row.item if row else None)
        if row is None:
            raise KeyRecordMissing(f"There is no object {object_id}.")
        key = key_record(row)
        record(Event.EVIDENCE_READ, actor, subject=object_id, payload=what)
    return key


def stream(actor: Actor, object_id: UUID, reason: str) -> Iterator[bytes]:
    """The whole content in pieces, under one ledger row that is committed before the first of them.

    For processes of the server that need all of it; memory does not grow with the content. Raises as
    :func:`read`, when the first piece is asked for.
    """
    length = SealedObject.objects.filter(pk=object_id).values_list("length", flat=True).first() or 0
    key = _permitted(actor, object_id, {"start": 0, "length": length, "reason": reason.strip()})
    for start in range(0, length, LONGEST_READ):
        yield place.vault().read(key, start, min(LONGEST_READ, length - start))
