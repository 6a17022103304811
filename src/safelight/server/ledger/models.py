"""The append-only ledger's tables. The database itself refuses to change or delete their rows."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from safelight.ledger.entry import Entry, Payload
from safelight.ledger.heads import SignedHead, TreeHead
from safelight.server.ids import new_id, now


class LedgerRow(models.Model):
    """One event, written in the transaction that it describes. Holds digests and pseudonyms only."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    event = models.CharField(max_length=60)
    at = models.DateTimeField(default=now)
    actor = models.CharField(max_length=64)
    subject = models.CharField(max_length=64, blank=True)
    payload_digest = models.BinaryField(max_length=32)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["subject", "at"], name="ledger_subject"),
            models.Index(fields=["actor", "at"], name="ledger_actor"),
        ]

    def entry(self) -> Entry:
        """The row as the core knows it. Raises :class:`~safelight.errors.LedgerMalformed`."""
        return Entry(self.id, self.at, self.event, self.actor, self.subject, bytes(self.payload_digest))


class LedgerPayload(models.Model):
    """What a row's digest was made of: canonical JSON and a salt, both NULL once another row erased them.

    Bytes, because a JSON column may give back other bytes than it was given. A row without details has none.
    """

    row = models.OneToOneField(LedgerRow, models.PROTECT, primary_key=True, related_name="payload")
    salt = models.BinaryField(max_length=32, null=True)
    body = models.BinaryField(null=True)
    erased_by = models.ForeignKey(LedgerRow, models.PROTECT, null=True, related_name="+", db_index=False)

    def details(self) -> Payload | None:
        """The details as the core knows them; None once they were erased."""
        if self.body is None or self.salt is None:
            return None
        return Payload(bytes(self.body), bytes(self.salt))


class LedgerPending(models.Model):
    """A row that waits for its place, in the order of writing; gone once it has one.

    ``malformed`` rows can never be placed.
    """

    id = models.BigAutoField(primary_key=True)
    row = models.OneToOneField(LedgerRow, models.PROTECT, related_name="pending")
    malformed = models.BooleanField(default=False)


class LedgerLeaf(models.Model):
    """A row's place in the tree, given by the one sequencer within a second."""

    index = models.BigIntegerField(primary_key=True)
    row = models.OneToOneField(LedgerRow, models.PROTECT, related_name="leaf")
    leaf_hash = models.BinaryField(max_length=32)


class LedgerHead(models.Model):
    """A signed head: everything below ``size`` is fixed. The sequencer goes on from its frontier."""

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField(max_length=32)
    at = models.DateTimeField()
    key_id = models.CharField(max_length=8)
    signature = models.BinaryField(max_length=64)
    frontier = models.BinaryField()

    def signed(self, origin: str) -> SignedHead:
        """The head as the core knows it. Raises :class:`~safelight.errors.LedgerMalformed`."""
        head = TreeHead(origin, self.size, bytes(self.root), self.at)
        return SignedHead(head, self.key_id, bytes(self.signature))
