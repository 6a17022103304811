"""Work that comes again and again: a row due at the next full period, put there by the one before it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q

from safelight.server.jobs.clock import due_time
from safelight.server.jobs.models import Job

if TYPE_CHECKING:
    from safelight.server.jobs.registry import Handler

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def next_time(every: timedelta, after: datetime) -> datetime:
    """The first full period since the epoch that comes after a time."""
    return after - (after - _EPOCH) % every + every


def enqueue_next(handler: Handler) -> None:
    """Put the next row of recurring work there, unless one waits or is at work; in the current transaction.

    Periods that were missed stay missed.
    """
    unfinished = Q(state__in=[Job.State.DUE, Job.State.LEASED])
    if handler.every is None or Job.objects.filter(unfinished, kind=handler.kind).exists():
        return
    due = next_time(handler.every, due_time())
    while Job.objects.filter(~unfinished, key=_key(handler, due)).exists():
        due += handler.every  # done already, by a clock that was ahead
    Job.objects.get_or_create(key=_key(handler, due), defaults={"kind": handler.kind, "due_at": due})


def ensure_scheduled(handlers: Iterable[Handler]) -> None:
    """At a worker's start: recurring work that has no row yet gets one."""
    for handler in handlers:
        with transaction.atomic():
            enqueue_next(handler)


def _key(handler: Handler, due: datetime) -> str:
    return f"{handler.kind}@{due.isoformat()}"
