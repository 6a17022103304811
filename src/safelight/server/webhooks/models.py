"""Where messages go, and what became of each."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from safelight.server.ids import new_id, now


class Endpoint(models.Model):
    """A receiver of the operator's own. Its secrets are sealed; the earlier one signs too until it ends."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    url = models.CharField(max_length=500)
    description = models.CharField(max_length=200, blank=True)
    kinds = models.JSONField(default=list)
    secret = models.BinaryField()
    earlier_secret = models.BinaryField(null=True)
    earlier_until = models.DateTimeField(null=True)
    created_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=now)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(earlier_secret=None, earlier_until=None)
                | Q(earlier_secret__isnull=False, earlier_until__isnull=False),
                name="an_earlier_secret_ends",
            ),
        ]


class Delivery(models.Model):
    """One message to one endpoint. Its id is the message's, the same at every attempt."""

    class State(models.TextChoices):
        """``dead``: given up after the last attempt; a person may send it again."""

        WAITING = "waiting"
        DELIVERED = "delivered"
        DEAD = "dead"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    endpoint = models.ForeignKey(Endpoint, models.PROTECT, related_name="deliveries")
    kind = models.CharField(max_length=40)
    data = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    last_status = models.PositiveSmallIntegerField(null=True)
    last_error = models.CharField(max_length=300, blank=True)
    happened_at = models.DateTimeField(default=now)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["state", "happened_at"], name="webhooks_by_state")]
