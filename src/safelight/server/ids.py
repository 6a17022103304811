"""Public identifiers and the injected clock, shared by every app's records."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from safelight.ids import uuid7

_clock: Callable[[], datetime] = lambda: datetime.now(UTC)  # noqa: E731


def now() -> datetime:
    """The present, in UTC, from the injected clock. Leases use the database's time instead."""
    return _clock()


@contextmanager
def clock_at(clock: Callable[[], datetime]) -> Iterator[None]:
    """Run with another clock, in tests and trials."""
    global _clock  # noqa: PLW0603
    before, _clock = _clock, clock
    try:
        yield
    finally:
        _clock = before


def new_id() -> uuid.UUID:
    """A UUIDv7: ordered by time, so that indexes stay compact."""
    return uuid.UUID(uuid7())
