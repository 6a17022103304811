"""What a report and its files say, sealed in their rows, each bound to its own."""

from __future__ import annotations

from safelight.hotlines.files import FileDetails
from safelight.hotlines.model import Report as Told
from safelight.hotlines.stored import details_from_json, details_to_json, report_from_json, report_to_json
from safelight.server.hotlines.models import Report, ReportFile
from safelight.server.intake.record_keys import record_keys

_REPORT = "report"
_FILE = "report-file"


def seal_report(row: Report, told: Told) -> bytes:
    """What is kept in :attr:`Report.content`."""
    return record_keys().seal_content(_REPORT, row.pk, report_to_json(told))


def open_report(row: Report) -> Told:
    """What a report says. Raises :class:`~safelight.errors.KeyMismatch`."""
    return report_from_json(record_keys().open_content(_REPORT, row.pk, row.content))


def seal_details(row: ReportFile, told: FileDetails) -> bytes:
    """What is kept in :attr:`ReportFile.details`."""
    return record_keys().seal_content(_FILE, row.pk, details_to_json(told))


def open_details(row: ReportFile) -> FileDetails:
    """What is told of a file. Raises :class:`~safelight.errors.KeyMismatch`."""
    return details_from_json(record_keys().open_content(_FILE, row.pk, row.details))
