"""Look-ups, and the files that are awaited after them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from safelight.server.ids import new_id, now


class LookUp(models.Model):
    """One look-up that matched nothing: that it was asked, and what was answered. No hash is kept.

    One that matched is an intake like any other.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    key = models.ForeignKey("intake.ApiKey", models.PROTECT, related_name="+")
    idempotency_key = models.CharField(max_length=100, null=True)
    tag = models.BinaryField(max_length=32)
    outcome = models.CharField(max_length=10)
    reason = models.CharField(max_length=30, blank=True)
    rule = models.CharField(max_length=200, blank=True)
    limited = models.CharField(max_length=30, blank=True)
    at = models.DateTimeField(default=now, db_index=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["key", "idempotency_key"],
                condition=Q(idempotency_key__isnull=False),
                name="one_look_up_an_idempotency_key",
            ),
        ]


class AwaitedFile(models.Model):
    """A file that matched by hash alone, and is to be delivered. ``hashes`` are those told, sealed."""

    occurrence = models.OneToOneField(
        "intake.Occurrence", models.CASCADE, primary_key=True, related_name="awaited"
    )
    hashes = models.BinaryField()
    due_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True)
    alarmed_at = models.DateTimeField(null=True)
