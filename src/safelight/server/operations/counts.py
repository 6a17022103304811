"""What processes count for ``/metrics`` as they go. Labels come from closed sets, never from a request."""

from __future__ import annotations

import os

from prometheus_client import Counter, Histogram, values

from safelight.server.processes.beats import NAME_VARIABLE
from safelight.types import Verdict

if NAME_VARIABLE in os.environ:
    # By name, not by number: whoever takes a killed process's place counts on, in files that have their room.
    values.ValueClass = values.MultiProcessValue(  # type: ignore[no-untyped-call]
        lambda: os.environ[NAME_VARIABLE]
    )

REQUESTS = Counter("safelight_requests", "Requests answered", ["method", "route", "status"])
SECONDS = Histogram("safelight_request_seconds", "Time to answer a request", ["route"])
BODIES_REFUSED = Counter("safelight_bodies_refused", "Bodies that were not taken in", ["status"])
VERDICTS = Counter(
    "safelight_verdicts", "Verdicts that senders were given; unscanned ones by reason", ["outcome", "reason"]
)


def count_verdict(verdict: Verdict) -> None:
    """One more of its outcome and, where it was not scanned or is limited, of its reason."""
    why = verdict.reason or verdict.limited
    VERDICTS.labels(verdict.outcome.value, why.value if why else "").inc()
