"""What the database knows of sealed evidence: its wrapped key and its clocks. The bytes lie in the store."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from safelight.server.ids import new_id, now


class VaultKey(models.Model):
    """A public key that evidence was sealed to. Retired, it seals nothing more, so that it can be dropped."""

    id = models.CharField(max_length=16, primary_key=True)
    public = models.BinaryField(max_length=32)
    since = models.DateTimeField(default=now)
    retired_at = models.DateTimeField(null=True)


class SealedObject(models.Model):
    """One sealed object. Destroying ``wrapped_key`` destroys the object, wherever copies of its bytes lie.

    A row is committed only after the store acknowledged the bytes. ``wrapped_key`` is a
    :class:`~safelight.vault.wrapping.KeyRecord` (89 bytes); ``length`` and ``sealed_size`` are in bytes.
    ``standing`` and ``since`` are those of :class:`~safelight.vault.retention.Retention`, from which every
    clock follows.
    """

    class State(models.TextChoices):
        """``abandoned``: bytes that were stored and never recorded, found and removed later."""

        SEALED = "sealed"
        DESTROYED = "destroyed"
        ABANDONED = "abandoned"

    class Standing(models.TextChoices):
        """How far the matter has come that the evidence belongs to."""

        UNDECIDED = "undecided"
        DISMISSED = "dismissed"
        UNFINISHED = "unfinished"
        CONTEXT = "context"
        REPORTED = "reported"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    item = models.ForeignKey("intake.Item", models.PROTECT, null=True, related_name="sealed_objects")
    state = models.CharField(max_length=10, choices=State.choices, default=State.SEALED)
    length = models.BigIntegerField(default=0)
    sealed_size = models.BigIntegerField(default=0)
    wrapped_key = models.BinaryField(max_length=89, null=True)
    wrapping_key = models.CharField(max_length=16, blank=True, db_index=True)
    sealed_at = models.DateTimeField(default=now)
    standing = models.CharField(max_length=10, choices=Standing.choices, default=Standing.UNDECIDED)
    since = models.DateTimeField(default=now)
    disputed = models.BooleanField(default=False)
    early_destruction = models.ForeignKey("people.Proposal", models.PROTECT, null=True, related_name="+")
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state="sealed", wrapped_key__isnull=False, destroyed_at=None)
                | (~Q(state="sealed") & Q(wrapped_key=None, wrapping_key="", destroyed_at__isnull=False)),
                name="sealed_means_there_is_a_key",
            ),
            models.UniqueConstraint(
                fields=["item"], condition=Q(state="sealed"), name="one_live_object_an_item"
            ),
        ]


class LegalHold(models.Model):
    """Nobody destroys the evidence while a hold stands; released with a reason, never deleted."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    object = models.ForeignKey(SealedObject, models.PROTECT, related_name="holds")
    reason = models.CharField(max_length=300)
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    since = models.DateTimeField(default=now)
    released_at = models.DateTimeField(null=True)
    released_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    release_reason = models.CharField(max_length=300, blank=True)


class Extension(models.Model):
    """A voluntary extension of a preservation, with its reason; rows are added, never changed."""

    object = models.ForeignKey(SealedObject, models.PROTECT, related_name="extensions")
    until = models.DateTimeField()
    reason = models.CharField(max_length=300)
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    at = models.DateTimeField(default=now)


class Preserved(models.Model):
    """A hotline's receipt: from ``at`` on, everything of the case is kept as long as the law asks.

    ``reference`` is the hotline's own. ``context`` is the case's texts, accounts and addresses as they stood
    then (:class:`~safelight.bundle.context.CaseContext`), sealed by a job; None until that was done.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="preserved")
    at = models.DateTimeField()
    reference = models.CharField(max_length=120, blank=True)
    noted_at = models.DateTimeField(default=now)
    context = models.OneToOneField(SealedObject, models.PROTECT, null=True, related_name="context_of")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["case", "at", "reference"], name="one_row_a_receipt")
        ]
