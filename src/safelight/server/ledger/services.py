"""Writing to the ledger, in the transaction that an event belongs to: neither is there without the other."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias
from uuid import UUID

from django.db import connection, transaction

from safelight.ledger import entry
from safelight.ledger.entry import Entry, Payload
from safelight.server.ids import new_id, now
from safelight.server.ledger.events import Event
from safelight.server.ledger.models import LedgerPayload, LedgerPending, LedgerRow
from safelight.server.ledger.pseudonyms import actor_name, pseudonym
from safelight.server.people.actors import Actor
from safelight.server.rows import insert_rows

__all__ = ["JSON", "NO_PAYLOAD", "Event", "Recorded", "record", "record_all", "write"]

JSON: TypeAlias = str | int | float | bool | list["JSON"] | dict[str, "JSON"] | None

NO_PAYLOAD: Final = Payload(b"", b"").digest()
"""The digest of rows without details, which therefore have no payload."""


def record(
    event: entry.Event,
    actor: Actor,
    *,
    subject: UUID | None = None,
    payload: Mapping[str, JSON] | None = None,
) -> None:
    """Write one event in the current transaction. Within a second of the commit it has its place.

    ``payload`` holds details that may have to be erased one day, such as reasons: ids and plain values, never
    content, hash values or names. Raises ``TransactionManagementError`` outside a transaction.
    """
    write(event, actor, "" if subject is None else pseudonym(subject), payload)


@dataclass(frozen=True, slots=True)
class Recorded:
    """One event to :func:`record_all`."""

    event: entry.Event
    actor: Actor
    subject: UUID
    payload: Mapping[str, JSON]


def record_all(events: Sequence[Recorded]) -> None:
    """As :func:`record`, of many events at once."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "A ledger row is written in the transaction that it describes; there is none."
        )
    rows, payloads, pending = [], [], []
    for one in events:
        sealed = Payload.of(_canonical(one.payload))
        row = _row_of(
            Entry(new_id(), now(), one.event, actor_name(one.actor), pseudonym(one.subject), sealed.digest())
        )
        rows.append(row)
        payloads.append(LedgerPayload(row=row, salt=sealed.salt, body=sealed.body))
        pending.append(LedgerPending(row=row))
    for made in (rows, payloads, pending):
        insert_rows(made)


def write(
    event: entry.Event, actor: Actor, subject: str, payload: Mapping[str, JSON] | None = None
) -> LedgerRow:
    """As :func:`record`, about something that the ledger itself names: one of its rows, or a signing key."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "A ledger row is written in the transaction that it describes; there is none."
        )
    sealed = None if payload is None else Payload.of(_canonical(payload))
    digest = sealed.digest() if sealed else NO_PAYLOAD
    made = Entry(new_id(), now(), event, actor_name(actor), subject, digest)
    row = _row_of(made)
    row.save(force_insert=True)
    if sealed is not None:
        LedgerPayload.objects.create(row=row, salt=sealed.salt, body=sealed.body)
    LedgerPending.objects.create(row=row)
    return row


def _row_of(made: Entry) -> LedgerRow:
    return LedgerRow(
        id=made.id,
        event=str(made.event),
        at=made.at,
        actor=made.actor,
        subject=made.subject,
        payload_digest=made.payload_digest,
    )


def _canonical(payload: Mapping[str, JSON]) -> bytes:
    text = json.dumps(dict(payload), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("ascii")
