"""One row of the ledger: what happened, when, to what and by whom, without content, names or list values.

A row is hashed as one line of JSON that has a single possible form: the seven members in alphabetical order,
no spaces, and only characters that JSON never escapes. So any language can rebuild it (it is also what RFC
8785 gives), and a row read back from database columns either gives the same bytes or is noticed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from safelight.errors import LedgerMalformed

SCHEMA: Final = "safelight.ledger/1"
DIGEST_BYTES: Final = 32
SALT_BYTES: Final = 32

_EVENT: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+", re.ASCII)
_PSEUDONYM: Final = re.compile(r"[A-Za-z0-9._:-]{0,64}", re.ASCII)
_TIME: Final = "%Y-%m-%dT%H:%M:%S.%fZ"
_LONGEST_EVENT: Final = 60


class Event(StrEnum):
    """The base of every room's events; a room subclasses it and names its events ``room.what_happened``.

    The ledger itself only asks for that form, so it proves rows of rooms that it does not know.
    """


class LedgerEvent(Event):
    """What happens to the ledger itself."""

    STARTED = "ledger.started"
    PAYLOAD_ERASED = "ledger.payload_erased"
    KEY_ROTATED = "ledger.key_rotated"


class VaultEvent(Event):
    """What happens to evidence."""

    SEALED = "vault.sealed"
    OPENED = "vault.opened"
    HELD = "vault.held"
    RELEASED = "vault.released"
    EXTENDED = "vault.extended"
    DESTROY_REQUESTED = "vault.destroy_requested"
    DESTROY_APPROVED = "vault.destroy_approved"
    DESTROYED = "vault.destroyed"
    REWRAPPED = "vault.rewrapped"
    CHECKED = "vault.checked"


@dataclass(frozen=True, slots=True)
class Payload:
    """Details of an event, kept beside the ledger and erasable without touching it.

    Only the digest stands in the row. It is an HMAC under a random salt that is erased with the body: then
    nobody can test a guess of the body against the digest.
    """

    body: bytes = field(repr=False)
    salt: bytes = field(repr=False)

    @classmethod
    def of(cls, body: bytes) -> Payload:
        """The body with a fresh salt."""
        return cls(body, os.urandom(SALT_BYTES))

    def digest(self) -> bytes:
        """HMAC-SHA256 of the body under the salt, 32 bytes."""
        return hmac.digest(self.salt, self.body, hashlib.sha256)

    def belongs_to(self, entry: Entry) -> bool:
        """Whether this is the payload that the entry was written with."""
        return hmac.compare_digest(self.digest(), entry.payload_digest)


@dataclass(frozen=True, slots=True)
class Entry:
    """A ledger row. Its place is not part of it: the sequencer gives it one later.

    ``actor`` and ``subject`` are pseudonyms of at most 64 characters of ``A-Z a-z 0-9 . _ : -``: random ids
    whose owners stand in a table that can be erased. ``at`` is aware, to the microsecond.
    """

    id: UUID
    at: datetime
    event: str
    actor: str
    subject: str
    payload_digest: bytes

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise LedgerMalformed("A ledger row's time needs its time zone.")
        if not _EVENT.fullmatch(self.event) or len(self.event) > _LONGEST_EVENT:
            raise LedgerMalformed(f"{self.event!r} is not an event of the form room.what_happened.")
        for who in (self.actor, self.subject):
            if not _PSEUDONYM.fullmatch(who):
                raise LedgerMalformed(
                    "A ledger row holds pseudonyms of at most 64 plain characters, not text."
                )
        if len(self.payload_digest) != DIGEST_BYTES:
            raise LedgerMalformed(f"A payload digest has {DIGEST_BYTES} bytes.")

    def canonical(self) -> bytes:
        """The bytes that are hashed into the tree."""
        members = {
            "actor": self.actor,
            "at": self.at.astimezone(UTC).strftime(_TIME).rjust(27, "0"),
            "event": str(self.event),
            "id": str(self.id),
            "payload": self.payload_digest.hex(),
            "schema": SCHEMA,
            "subject": self.subject,
        }
        return json.dumps(members, sort_keys=True, separators=(",", ":")).encode("ascii")

    @classmethod
    def parse(cls, raw: bytes) -> Entry:
        """Read :meth:`canonical` back, and nothing else.

        Raises :class:`~safelight.errors.LedgerMalformed`.
        """
        try:
            members = json.loads(raw)
            entry = cls(
                id=UUID(members["id"]),
                at=datetime.strptime(members["at"], _TIME).replace(tzinfo=UTC),
                event=members["event"],
                actor=members["actor"],
                subject=members["subject"],
                payload_digest=bytes.fromhex(members["payload"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise LedgerMalformed("This is not a ledger row.") from None
        if entry.canonical() != raw:
            raise LedgerMalformed("A ledger row is not in its one canonical form.")
        return entry
