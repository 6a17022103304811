"""Which function does which kind of work. Every app registers its own in its module ``handlers``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeAlias

from django.utils.module_loading import autodiscover_modules

from safelight.server.jobs.leases import Lease
from safelight.server.ledger.services import JSON

Work: TypeAlias = Callable[[Mapping[str, JSON], Lease], None]

LEASE_SECONDS: Final = 60.0
LONGEST_SECONDS: Final = 3_600.0
ATTEMPTS: Final = 8
"""With the pauses between them, about ten minutes of trying."""


@dataclass(frozen=True, slots=True)
class Handler:
    """How one kind of work is done, and how often it is tried.

    ``lease_seconds`` after a worker was killed another takes the job. A living worker extends its lease, but
    not beyond ``longest_seconds``, so that a job that hangs is taken over too. ``every`` is for work that
    comes again and again. Work with a ``lane`` has a thread to itself: it waits long for others, and would
    keep SQLite's only worker from everything else.
    """

    kind: str
    run: Work
    attempts: int
    lease_seconds: float
    longest_seconds: float
    every: timedelta | None
    lane: str = ""


HANDLERS: Final[dict[str, Handler]] = {}


def handler(
    kind: str,
    *,
    attempts: int = ATTEMPTS,
    lease_seconds: float = LEASE_SECONDS,
    longest_seconds: float = LONGEST_SECONDS,
    every: timedelta | None = None,
    lane: str = "",
) -> Callable[[Work], Work]:
    """Register a function as what does this kind of work; with ``every`` it is due by itself, in UTC.

    A kind has one handler; registering another is refused.
    """

    def register(run: Work) -> Work:
        if kind in HANDLERS:
            raise ValueError(f"there is a handler of {kind} already")
        HANDLERS[kind] = Handler(kind, run, attempts, lease_seconds, longest_seconds, every, lane)
        return run

    return register


def load_handlers() -> None:
    """Import the ``handlers`` module of every app that has one."""
    autodiscover_modules("handlers")
