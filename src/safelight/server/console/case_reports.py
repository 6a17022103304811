"""What the page of a case says of its reports: above all whether there is one."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from safelight.server.cases.models import Case
from safelight.server.hotlines.models import Report
from safelight.server.hotlines.standing import Standing, standing_of
from safelight.server.people.roles import Permission


def reporting_of(case: Case, granted: Collection[Permission]) -> dict[str, Any]:
    """``reporting``: how far it has come. ``case_reports``: the latest reports that tell of it."""
    standing = standing_of(case)
    return {
        "reporting": standing,
        "case_reports": list(case.reports.exclude(state=Report.State.DISCARDED).order_by("-made_at")[:10]),
        "may_report": Permission.REPORT_FILE in granted
        and standing in (Standing.NOT_REPORTED, Standing.DRAFTED, Standing.REPORTED)
        and case.state != Case.State.MERGED,
    }
