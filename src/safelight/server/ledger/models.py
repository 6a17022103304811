"""The append-only ledger's tables. The database itself refuses to change or delete their rows."""

from __future__ import annotations

from django.db import models

from safelight.server.ids import new_id, now


class LedgerRow(models.Model):
    """One event, written in the transaction that it describes. Holds digests and pseudonyms only."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    event = models.CharField(max_length=60)
    at = models.DateTimeField(default=now)
    actor = models.CharField(max_length=64)
    subject = models.CharField(max_length=64, blank=True)
    payload_digest = models.BinaryField(max_length=32)


class LedgerPayload(models.Model):
    """What a row's digest was made of; may be erased apart, which leaves the ledger whole."""

    row = models.OneToOneField(LedgerRow, models.PROTECT, primary_key=True, related_name="payload")
    salt = models.BinaryField(max_length=32)
    body = models.JSONField()


class LedgerLeaf(models.Model):
    """A row's place in the tree, given by the one sequencer within a second."""

    index = models.BigIntegerField(primary_key=True)
    row = models.OneToOneField(LedgerRow, models.PROTECT, related_name="leaf")
    leaf_hash = models.BinaryField(max_length=32)


class LedgerHead(models.Model):
    """A signed head: everything below ``size`` is fixed from here on."""

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField(max_length=32)
    at = models.DateTimeField()
    key_id = models.CharField(max_length=32)
    signature = models.BinaryField(max_length=64)
