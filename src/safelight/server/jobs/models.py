"""Work to be done later, as rows committed with what they serve; there is no other broker."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from safelight.server.ids import new_id, now


class Job(models.Model):
    """One piece of work. A worker leases it by database time; a lease that ran out is taken by another."""

    class State(models.TextChoices):
        """Where it stands; ``dead`` waits for a person and is shown on the dashboard."""

        DUE = "due"
        LEASED = "leased"
        DONE = "done"
        DEAD = "dead"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=60)
    key = models.CharField(max_length=200, null=True, unique=True)
    payload = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DUE)
    due_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    lease = models.CharField(max_length=120, blank=True)
    leased_until = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField(default=now)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["state", "due_at"], name="jobs_due")]


class BootClock(models.Model):
    """When this machine's uptime was zero, told once a boot: the time that SQLite's leases are kept by."""

    boot = models.CharField(primary_key=True, max_length=36)
    zero = models.DateTimeField()
