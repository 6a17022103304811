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
_CLOCKS_DIFFER = timedelta(minutes=5)
_UNFINISHED = Q(state__in=[Job.State.DUE, Job.State.LEASED])


def next_time(every: timedelta, after: datetime) -> datetime:
    """The first full period since the epoch that comes after a time."""
    return after - (after - _EPOCH) % every + every


def enqueue_next(handler: Handler) -> None:
    """Put the next row of recurring work there, unless one waits or is at work; in the current transaction.

    Periods that were missed stay missed.
    """
    if handler.every is None or Job.objects.filter(_UNFINISHED, kind=handler.kind).exists():
        return
    due = _next_free(handler, handler.every)
    Job.objects.get_or_create(key=_key(handler, due), defaults={"kind": handler.kind, "due_at": due})


def _next_free(handler: Handler, every: timedelta) -> datetime:
    due = next_time(every, due_time())
    while Job.objects.filter(~_UNFINISHED, key=_key(handler, due)).exists():
        due += every  # done already, by a clock that was ahead
    return due


def ensure_scheduled(handlers: Iterable[Handler]) -> None:
    """Recurring work that has no row yet gets one; a row that a clock put too far ahead is due in time again.

    At a worker's start, and every minute.
    """
    for handler in handlers:
        if handler.every is not None:
            with transaction.atomic():
                enqueue_next(handler)
                _bring_forward(handler, _next_free(handler, handler.every))


def _bring_forward(handler: Handler, due: datetime) -> None:
    recurring = Job.objects.filter(kind=handler.kind, key__startswith=f"{handler.kind}@")
    recurring.filter(state=Job.State.DUE, attempts=0, due_at__gt=due + _CLOCKS_DIFFER).update(due_at=due)


def _key(handler: Handler, due: datetime) -> str:
    return f"{handler.kind}@{due.isoformat()}"
