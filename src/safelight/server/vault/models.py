"""What the database knows of sealed evidence: its wrapped key and its clocks. The bytes lie in the object store."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from safelight.server.ids import new_id, now


class SealedObject(models.Model):
    """One sealed object. Destroying ``wrapped_key`` destroys the object, wherever copies of its bytes lie."""

    class State(models.TextChoices):
        """``sealing`` until the store acknowledged; then kept, until destroyed."""

        SEALING = "sealing"
        SEALED = "sealed"
        DESTROYED = "destroyed"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    item = models.ForeignKey("intake.Item", models.PROTECT, null=True, related_name="evidence")
    state = models.CharField(max_length=10, choices=State.choices, default=State.SEALING)
    size = models.BigIntegerField(default=0)
    wrapped_key = models.BinaryField(null=True)
    sealed_at = models.DateTimeField(default=now)
    preserve_until = models.DateTimeField(null=True)
    legal_hold = models.BooleanField(default=False)
    legal_hold_reason = models.CharField(max_length=300, blank=True)
    destroy_requested_at = models.DateTimeField(null=True)
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(state="destroyed") | Q(wrapped_key=None, destroyed_at__isnull=False),
                name="destroyed_means_no_key",
            ),
            models.UniqueConstraint(
                fields=["item"], condition=~Q(state="destroyed"), name="one_live_object_an_item"
            ),
        ]


class Extension(models.Model):
    """A voluntary extension of a preservation, with its reason; rows are added, never changed."""

    object = models.ForeignKey(SealedObject, models.PROTECT, related_name="extensions")
    until = models.DateTimeField()
    reason = models.CharField(max_length=300)
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    at = models.DateTimeField(default=now)
