"""Whether a case is reported: only a report that was finished in production says so, on every page."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from uuid import UUID

from safelight.server.cases.models import Case, Decision
from safelight.server.cases.services import standing_decisions
from safelight.server.hotlines.models import Report


class Standing(StrEnum):
    """How far reporting a case has come. A rehearsal never moves it."""

    NOTHING_CONFIRMED = "nothing_confirmed"
    NOT_REPORTED = "not_reported"
    DRAFTED = "drafted"
    SENDING = "sending"
    STOPPED = "stopped"
    REPORTED = "reported"


_FAR = {
    Report.State.DRAFT: Standing.DRAFTED,
    Report.State.SENDING: Standing.SENDING,
    Report.State.STOPPED: Standing.STOPPED,
    Report.State.FINISHED: Standing.REPORTED,
}
_ORDER = (Standing.STOPPED, Standing.SENDING, Standing.DRAFTED, Standing.REPORTED)
"""What still needs somebody comes before what is done."""


def standing_of(case: Case) -> Standing:
    """How far one case has come."""
    return standings([case.pk])[case.pk]


def standings(cases: Collection[UUID]) -> dict[UUID, Standing]:
    """How far each of some cases has come."""
    confirmed = set(
        standing_decisions()
        .filter(outcome=Decision.Outcome.CONFIRMED, occurrence__membership__case__in=cases)
        .values_list("occurrence__membership__case", flat=True)
    )
    found: dict[UUID, set[Standing]] = {}
    told = Report.objects.filter(told_cases__in=cases, environment=Report.Environment.PRODUCTION).exclude(
        state=Report.State.DISCARDED
    )
    for case, state in told.values_list("told_cases", "state"):
        found.setdefault(case, set()).add(_FAR[Report.State(state)])
    nothing = {case: Standing.NOTHING_CONFIRMED for case in cases if case not in confirmed}
    return {
        case: next((one for one in _ORDER if one in found.get(case, ())), None)
        or nothing.get(case, Standing.NOT_REPORTED)
        for case in cases
    }
