"""Alerts: what is wrong, since when, who was told, and who has seen it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from safelight.server.alerts.kinds import Kind
from safelight.server.ids import new_id, now


class Alert(models.Model):
    """One thing that is or was wrong. ``subject`` tells two of a kind apart: an id or an operator's name.

    ``told_at`` and ``told`` are when and how often it was sent out.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=40, choices=[(kind.value, kind.value) for kind in Kind])
    subject = models.CharField(max_length=100, blank=True)
    detail = models.CharField(max_length=500, blank=True)
    raised_at = models.DateTimeField(default=now)
    seen_at = models.DateTimeField(default=now)
    told_at = models.DateTimeField(null=True)
    told = models.PositiveIntegerField(default=0)
    cleared_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints: ClassVar = [
            # Two processes that notice the same fault at once raise one alert.
            models.UniqueConstraint(
                fields=["kind", "subject"], condition=Q(cleared_at=None), name="one_open_alert_a_subject"
            ),
            models.CheckConstraint(
                condition=Q(acknowledged_at=None, acknowledged_by=None)
                | Q(acknowledged_at__isnull=False, acknowledged_by__isnull=False),
                name="acknowledged_by_someone",
            ),
        ]
