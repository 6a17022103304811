"""What this room hears from others, loaded when they have something to tell.

It rests on reports, on matching and so on most of the server, which most commands and processes do not need.
"""

from __future__ import annotations

from safelight.server.cases.models import Complaint
from safelight.server.hotlines.models import Report
from safelight.server.intake.models import Occurrence


def correct(complaint: Complaint) -> None:
    """A complaint is being upheld."""
    from safelight.server.assessment import correcting  # noqa: PLC0415 - see above

    correcting.correct(complaint)


def told_hotline(report: Report) -> None:
    """A hotline finished a report."""
    from safelight.server.assessment import correcting  # noqa: PLC0415 - see above

    correcting.told_hotline(report)


def ask_for(occurrence: Occurrence) -> None:
    """An occurrence joined a case."""
    from safelight.server.assessment import elsewhere  # noqa: PLC0415 - see above

    elsewhere.ask_for(occurrence)
