"""Handlers for one test, and time that passes when the test says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest


@pytest.fixture
def loaded_handlers() -> dict[str, Any]:
    """What the apps bring: modules register at their first import only, so never into an emptied table."""
    from safelight.server.jobs.registry import HANDLERS, load_handlers

    load_handlers()
    return dict(HANDLERS)


@pytest.fixture(autouse=True)
def handlers(loaded_handlers: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """No handlers but those that the test registers."""
    from safelight.server.jobs.registry import HANDLERS

    HANDLERS.clear()
    yield HANDLERS
    HANDLERS.clear()
    HANDLERS.update(loaded_handlers)


@pytest.fixture
def pass_time() -> Callable[[float], None]:
    """Lets seconds pass for every job, by moving the jobs back."""
    from django.db.models import F

    from safelight.server.jobs.models import Job

    def move(seconds: float) -> None:
        by = timedelta(seconds=seconds)
        Job.objects.filter(state=Job.State.LEASED).update(leased_until=F("leased_until") - by)
        Job.objects.filter(state=Job.State.DUE).update(due_at=F("due_at") - by)

    return move


@pytest.fixture
def put() -> Callable[..., Any]:
    """Enqueues in a transaction of its own."""
    from django.db import transaction

    from safelight.server.jobs.services import enqueue

    def put(kind: str = "test.work", **told: Any) -> Any:
        with transaction.atomic():
            return enqueue(kind, {}, **told)

    return put
