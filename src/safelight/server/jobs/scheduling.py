"""Work that comes again and again: a row due at the next full period, put there by the one before it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from safelight.server.jobs.clock import due_time
from safelight.server.jobs.models import Job

if TYPE_CHECKING:
    from safelight.server.jobs.registry import Handler

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def next_time(every: timedelta, after: datetime) -> datetime:
    """The first full period since the epoch that comes after a time."""
    return after - (after - _EPOCH) % every + every


def enqueue_next(handler: Handler, *, after: datetime) -> None:
    """Put the next row of recurring work there, in the current transaction. Missed periods stay missed."""
    if handler.every is None:
        return
    due = next_time(handler.every, max(after, due_time()))
    Job.objects.get_or_create(key=_key(handler, due), defaults={"kind": handler.kind, "due_at": due})


def ensure_scheduled(handlers: Iterable[Handler]) -> None:
    """At a worker's start: recurring work that has no row yet gets one."""
    for handler in handlers:
        if handler.every is None:
            continue
        with transaction.atomic():
            if Job.objects.filter(kind=handler.kind, state__in=[Job.State.DUE, Job.State.LEASED]).exists():
                continue
            due = next_time(handler.every, due_time())
            while Job.objects.filter(key=_key(handler, due)).exists():
                due += handler.every  # done already, by a clock that was ahead
            enqueue_next(handler, after=due - handler.every)


def _key(handler: Handler, due: datetime) -> str:
    return f"{handler.kind}@{due.isoformat()}"
