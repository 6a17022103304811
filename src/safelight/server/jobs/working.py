"""One worker's turn: take the oldest work that is due, do it while holding on to it, and finish it."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from datetime import timedelta
from types import TracebackType
from typing import Final, Self

from django.db import Error, connection, transaction
from django.db.models import F, Q, QuerySet

from safelight.server.jobs.clock import database_time, due_time
from safelight.server.jobs.errors import LeaseLost
from safelight.server.jobs.leases import LONGEST_PAUSE, Lease, bury, describe
from safelight.server.jobs.models import Job
from safelight.server.jobs.registry import HANDLERS

_BEATS_A_LEASE: Final = 3
_SLACK: Final = 5.0
_log = logging.getLogger(__name__)


def work_once(worker_id: str, lane: str | None = None) -> bool:
    """Do one job, if one is due of a kind that this process knows. Returns whether there was one.

    With a ``lane`` only work of that lane is done, which is the empty one for most.

    Whatever a handler raises ends as a failed attempt. Database errors of the taking itself are raised.
    """
    taken = _take(worker_id, _kinds(lane))
    if taken is None:
        return False
    job, lease = taken
    with _Heartbeat(lease):
        try:
            lease.handler.run(job.payload, lease)
            if not lease.finished:
                with lease.finishing():
                    pass
        except LeaseLost:
            _log.warning("Job %s (%s) was taken over; nothing of it was finished here.", job.pk, job.kind)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is a failed attempt
            if lease.finished:
                _log.error("Job %s (%s) failed after it was finished: %s", job.pk, job.kind, describe(error))
            else:
                lease.fail(error)
    return True


def _kinds(lane: str | None) -> list[str]:
    return [kind for kind, handler in HANDLERS.items() if lane is None or handler.lane == lane]


def _take(worker_id: str, kinds: list[str]) -> tuple[Job, Lease] | None:
    if not _expired(kinds).exists() and not _due(kinds).exists():
        return None  # without a write lock, which SQLite has only one of
    with transaction.atomic(durable=True):
        while (job := _next(kinds)) is not None:
            handler = HANDLERS[job.kind]
            if job.attempts >= handler.attempts:
                told = f"The worker was lost at each of {job.attempts} attempts."
                bury(Job.objects.filter(pk=job.pk), handler, told)
                continue
            job.state, job.attempts = Job.State.LEASED, job.attempts + 1
            job.lease = f"{worker_id}/{secrets.token_hex(8)}"
            job.leased_until = database_time() + timedelta(seconds=handler.lease_seconds)
            job.save(update_fields=["state", "attempts", "lease", "leased_until"])
            return job, Lease(job, handler)
    return None


def _next(kinds: list[str]) -> Job | None:
    """The job whose turn it is, locked; on PostgreSQL, rows that others have locked are passed over."""
    for jobs in (_expired(kinds), _due(kinds)):
        job = jobs.select_for_update(skip_locked=True).order_by("due_at").first()
        if job is not None:
            return job
    return None


def _expired(kinds: list[str]) -> QuerySet[Job]:
    """Leases that ran out, or run longer than any is given: the clock was ahead, and was set right."""
    present = database_time()
    longest = max((handler.lease_seconds for handler in HANDLERS.values()), default=0.0) + _SLACK
    over = Q(leased_until__lt=present) | Q(leased_until__gt=present + timedelta(seconds=longest))
    return Job.objects.filter(over, state=Job.State.LEASED, kind__in=kinds)


def _due(kinds: list[str]) -> QuerySet[Job]:
    """What is due, or was put off further than it can have been: by a clock that was ahead."""
    present = due_time()
    put_off = Q(attempts__gt=0, due_at__gt=present + timedelta(seconds=LONGEST_PAUSE + _SLACK))
    due_at_once = Q(attempts=0, due_at__lte=F("created_at"))
    return Job.objects.filter(
        Q(due_at__lte=present) | put_off | due_at_once, state=Job.State.DUE, kind__in=kinds
    )


class _Heartbeat:
    """A thread that extends the lease while its handler runs, on a connection of its own."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"lease {lease.job_id}", daemon=True)

    def _beat(self) -> None:
        handler = self._lease.handler
        give_up = time.monotonic() + handler.longest_seconds
        try:
            while not self._over.wait(handler.lease_seconds / _BEATS_A_LEASE):
                if time.monotonic() > give_up:
                    _log.error(
                        "Job %s (%s) hangs; another worker may take it.", self._lease.job_id, handler.kind
                    )
                    return
                self._extend()
        finally:
            connection.close()

    def _extend(self) -> None:
        try:
            self._lease.extend()
        except Error as error:
            # The next beat tries again; if none succeeds, the lease runs out, as it should.
            _log.warning("A lease was not extended (%s).", type(error).__name__)
            connection.close()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
