"""Putting work there, and what people do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count, Min, Q

from safelight.server.jobs.clock import database_time, due_time
from safelight.server.jobs.errors import JobNotDead
from safelight.server.jobs.models import Job
from safelight.server.ledger.services import JSON, Event, record
from safelight.server.people.actors import Actor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission


def enqueue(
    kind: str, payload: Mapping[str, JSON], *, key: str | None = None, due_at: datetime | None = None
) -> Job:
    """Put work there, in the current transaction: it is done if that commits, and only then.

    With a ``key`` that a job has had before, done ones included, that job is returned and nothing new is
    done. ``payload`` names things by their ids and holds no content. Raises ``TransactionManagementError``
    outside a transaction.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "A job is put there by the transaction that it serves; there is none."
        )
    told = {"kind": kind, "payload": dict(payload), "due_at": due_at or database_time()}
    if key is None:
        return Job.objects.create(**told)
    return Job.objects.get_or_create(key=key, defaults=told)[0]


def retry(actor: Actor, job_id: UUID) -> None:
    """Try a job that was given up again, from the first attempt.

    Raises :class:`~safelight.server.jobs.errors.JobNotDead`.
    """
    require(actor, Permission.JOBS_RETRY)
    with transaction.atomic():
        dead = Job.objects.filter(pk=job_id, state=Job.State.DEAD)
        if not dead.update(state=Job.State.DUE, due_at=database_time(), attempts=0, finished_at=None):
            raise JobNotDead("Only a job that was given up can be tried again; this one was not, or is gone.")
        record(Event.JOB_RETRIED, actor, subject=job_id)


@dataclass(frozen=True, slots=True)
class JobCounts:
    """How much work there is. ``later`` is not due yet; ``oldest_due_seconds`` is how long one has waited."""

    due: int
    later: int
    leased: int
    dead: int
    oldest_due_seconds: float


def counts() -> JobCounts:
    """The numbers of jobs as they are now, for the metrics."""
    present = due_time()
    waiting = Q(state=Job.State.DUE)
    due = waiting & Q(due_at__lte=present)
    unfinished = Job.objects.exclude(state=Job.State.DONE)
    found = unfinished.aggregate(
        due=Count("id", filter=due),
        later=Count("id", filter=waiting & Q(due_at__gt=present)),
        leased=Count("id", filter=Q(state=Job.State.LEASED)),
        dead=Count("id", filter=Q(state=Job.State.DEAD)),
        oldest=Min("due_at", filter=due),
    )
    oldest = found.pop("oldest")
    waited = 0.0 if oldest is None else (present - oldest).total_seconds()
    return JobCounts(**found, oldest_due_seconds=waited)
