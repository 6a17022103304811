"""The jobs that drive reports: at any time one a report that waits or is at work."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db.models import F, Q

from safelight.server.hotlines.models import Report, Sending
from safelight.server.jobs.models import Job
from safelight.server.jobs.services import enqueue

SEND: Final = "hotlines.send"


def enqueue_sending(report: Report, due_at: datetime | None = None) -> None:
    """Have the report driven on, in the current transaction."""
    Sending.objects.filter(pk=report.pk).update(runs=F("runs") + 1)
    runs = Sending.objects.values_list("runs", flat=True).get(pk=report.pk)
    enqueue(SEND, {"report": str(report.pk)}, key=f"{_prefix(report)}{runs}", due_at=due_at)


def is_driven(report: Report) -> bool:
    """Whether a job for it waits or is at work."""
    alive = Q(state__in=[Job.State.DUE, Job.State.LEASED])
    return Job.objects.filter(alive, kind=SEND, key__startswith=_prefix(report)).exists()


def _prefix(report: Report) -> str:
    return f"{SEND}:{report.pk}:"
