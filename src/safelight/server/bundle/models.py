"""Recipients of evidence, registered by two people, and the bundles that were asked for."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from safelight.server.ids import new_id, now


class Recipient(models.Model):
    """An authority and its public key. Registered once a second person approved; retired, never deleted.

    ``key`` and ``fingerprint`` are those of :class:`~safelight.bundle.recipients.RecipientKey`.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=120)
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=60)
    proposal = models.OneToOneField("people.Proposal", models.PROTECT, null=True, related_name="+")
    proposed_at = models.DateTimeField(default=now)
    registered_at = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["fingerprint"],
                condition=Q(registered_at__isnull=False, retired_at=None),
                name="one_live_recipient_a_key",
            ),
            models.CheckConstraint(
                condition=Q(retired_at=None) | Q(registered_at__isnull=False), name="retired_was_registered"
            ),
        ]


class Export(models.Model):
    """One bundle, from the wish to its removal. Its file lies in the workspace while it is ``made``.

    ``whole_case`` asks for every file of the case, not only for those that were confirmed. ``sha256`` is of
    the sealed file, ``sums`` of the ``SHA256SUMS`` in it, both hexadecimal; ``size`` is in bytes.
    """

    class State(models.TextChoices):
        """Where it stands. Whether a wish was refused or expired is told by its proposal."""

        ASKED = "asked"
        RELEASED = "released"
        MADE = "made"
        REMOVED = "removed"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="exports")
    recipient = models.ForeignKey(Recipient, models.PROTECT, related_name="exports")
    purpose = models.CharField(max_length=300)
    whole_case = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ASKED)
    proposal = models.OneToOneField("people.Proposal", models.PROTECT, null=True, related_name="+")
    asked_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=now)
    released_at = models.DateTimeField(null=True)
    made_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    sums = models.CharField(max_length=64, blank=True)
    size = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state="asked", released_at=None)
                | (~Q(state="asked") & Q(released_at__isnull=False)),
                name="released_before_it_is_made",
            ),
            models.CheckConstraint(
                condition=(Q(state__in=["asked", "released"]) & Q(made_at=None, sha256=""))
                | (Q(state__in=["made", "removed"], made_at__isnull=False) & ~Q(sha256="")),
                name="made_has_a_digest",
            ),
        ]
