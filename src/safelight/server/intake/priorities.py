"""How urgent a new matter is in the queue, 0 to 100: the operator's numbers, of which the highest counts.

Only what speaks for urgency is asked. Where a file comes from, from a generator or not, is not, so nothing of
that kind can lower it.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings

from safelight.server.config import Priority
from safelight.server.intake.models import Intake
from safelight.types import Match, Outcome, Verdict


def priority_of(kind: Intake.Kind, verdict: Verdict | None, matches: Iterable[Match] = ()) -> int:
    """The highest of what the way in, the verdict and the matched lists ask for."""
    told: Priority = settings.CONFIG.priority
    asked: list[int] = [getattr(told, kind.value)]
    if verdict is not None and verdict.outcome in (Outcome.MATCH, Outcome.HOLD):
        asked.append(getattr(told, verdict.outcome.value))
        asked += [told.lists[match.list] for match in matches if match.list in told.lists]
    return max(asked)
