"""A worker's hold on one job, and what ends it: finishing, failing, or somebody else."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from random import SystemRandom
from threading import Event
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.db.models import QuerySet

from safelight.errors import SafelightError
from safelight.server.jobs.clock import database_time
from safelight.server.jobs.errors import LeaseLost
from safelight.server.jobs.models import Job
from safelight.server.jobs.scheduling import enqueue_next

if TYPE_CHECKING:
    from safelight.server.jobs.registry import Handler

_FIRST_PAUSE: Final = 5.0
LONGEST_PAUSE: Final = 3_600.0
_LONGEST_ERROR: Final = 500
_random = SystemRandom()
_log = logging.getLogger(__name__)


class Lease:
    """What a handler gets besides its payload.

    A handler whose work is in the database does it inside :meth:`finishing`: then it is done exactly once,
    however many workers were killed over it. Everything else may happen twice and must bear that.
    """

    def __init__(self, job: Job, handler: Handler) -> None:
        """For a job whose ``lease`` was just written."""
        self.job_id = job.pk
        self.attempt = job.attempts
        self.handler = handler
        self.finished = False
        self._token = job.lease
        self._lost = Event()

    def check(self) -> None:
        """Raise :class:`~safelight.server.jobs.errors.LeaseLost` if going on is pointless; long work asks."""
        if self._lost.is_set():
            raise LeaseLost("Another worker has this job by now.")

    def extend(self) -> None:
        """Hold on for another ``lease_seconds``; the worker does so by itself while the handler runs."""
        until = database_time() + timedelta(seconds=self.handler.lease_seconds)
        if not self._held().update(leased_until=until) and not self.finished:
            self._lost.set()

    @contextmanager
    def finishing(self) -> Iterator[None]:
        """A transaction that ends with the job done, and is undone if the job is not ours any more.

        Refused inside another transaction, which could still be undone after it.
        """
        with transaction.atomic(durable=True):
            # Locked, so that nobody takes the job over while what it is for is being written.
            if self._held().select_for_update().first() is None:
                raise LeaseLost("Another worker has this job by now.")
            yield
            done = self._held().update(
                state=Job.State.DONE, finished_at=database_time(), lease="", leased_until=None, last_error=""
            )
            if not done:
                raise LeaseLost("Another worker has this job by now.")
            enqueue_next(self.handler)
        self.finished = True

    def fail(self, error: Exception) -> None:
        """Make the job due again after a pause, or give it up; of no effect if it is not ours any more."""
        with transaction.atomic():
            told = describe(error)
            if self.attempt >= self.handler.attempts:
                bury(self._held(), self.handler, told)
            else:
                pause = timedelta(seconds=pause_after(self.attempt))
                self._held().update(
                    state=Job.State.DUE,
                    due_at=database_time() + pause,
                    lease="",
                    leased_until=None,
                    last_error=told,
                )
        _log.warning(
            "Job %s (%s) failed at attempt %d: %s", self.job_id, self.handler.kind, self.attempt, told
        )

    def _held(self) -> QuerySet[Job]:
        return Job.objects.filter(pk=self.job_id, state=Job.State.LEASED, lease=self._token)


def bury(jobs: QuerySet[Job], handler: Handler, told: str) -> None:
    """Give jobs up until a person says otherwise. Work that comes again comes again nevertheless."""
    given_up = jobs.update(
        state=Job.State.DEAD, finished_at=database_time(), lease="", leased_until=None, last_error=told
    )
    if given_up:
        enqueue_next(handler)


def pause_after(attempt: int) -> float:
    """Seconds before the next attempt: doubling from five to an hour, less up to a half by chance."""
    longest = min(LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(attempt - 1, 20))
    pause: float = longest * _random.uniform(0.5, 1.0)
    return pause


def describe(error: Exception) -> str:
    """What is kept of an error: the message of our own; type and place of others, which may quote content."""
    kind = type(error).__name__
    if isinstance(error, SafelightError):
        return f"{kind}: {error}"[:_LONGEST_ERROR]
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return kind
    return f"{kind} in {Path(frames[-1].filename).name}:{frames[-1].lineno}"
