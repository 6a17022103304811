"""Handlers for one test, and time that passes when the test says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import F

from safelight.server.jobs import registry
from safelight.server.jobs.models import Job
from safelight.server.jobs.services import enqueue


@pytest.fixture(autouse=True)
def handlers() -> Iterator[dict[str, registry.Handler]]:
    """No handlers but those that the test registers."""
    before = dict(registry.HANDLERS)
    registry.HANDLERS.clear()
    yield registry.HANDLERS
    registry.HANDLERS.clear()
    registry.HANDLERS.update(before)


@pytest.fixture
def pass_time() -> Callable[[float], None]:
    """Lets seconds pass for every job, by moving the jobs back."""

    def move(seconds: float) -> None:
        by = timedelta(seconds=seconds)
        Job.objects.filter(state=Job.State.LEASED).update(leased_until=F("leased_until") - by)
        Job.objects.filter(state=Job.State.DUE).update(due_at=F("due_at") - by)

    return move


@pytest.fixture
def put() -> Callable[..., Job]:
    """Enqueues in a transaction of its own."""

    def put(kind: str = "test.work", **told: object) -> Job:
        with transaction.atomic():
            return enqueue(kind, {}, **told)

    return put
