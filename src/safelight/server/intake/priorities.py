"""How urgent a new matter is in the queue, 0 to 100. What it is made of, by AI or not, never lowers it."""

from __future__ import annotations

from typing import Final

from safelight.server.intake.models import Intake
from safelight.types import Outcome, Verdict

_BY_KIND: Final = {
    Intake.Kind.POLICE_REQUEST: 90,
    Intake.Kind.TRUSTED_FLAGGER: 80,
    Intake.Kind.USER_REPORT: 60,
    Intake.Kind.PUBLIC_URL_REPORT: 60,
    Intake.Kind.BY_HAND: 60,
    Intake.Kind.TEXT: 60,
    Intake.Kind.UPLOAD: 50,
}
_BY_OUTCOME: Final = {Outcome.MATCH: 80, Outcome.HOLD: 60}


def priority_of(kind: Intake.Kind, verdict: Verdict | None) -> int:
    """The higher of what the way in and what the verdict ask for."""
    return max(_BY_KIND[kind], _BY_OUTCOME.get(verdict.outcome, 0) if verdict else 0)
