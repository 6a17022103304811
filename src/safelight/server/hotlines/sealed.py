"""What a report says, between its sealed row and the typed model."""

from __future__ import annotations

from dataclasses import dataclass

from safelight.hotlines import model
from safelight.hotlines.files import FileDetails
from safelight.hotlines.stored import details_from_json, details_to_json, report_from_json, report_to_json
from safelight.server.hotlines.models import Report, ReportFile
from safelight.server.intake.record_keys import record_keys


@dataclass(frozen=True, slots=True)
class Told:
    """A report opened: what it says, and of its files, in their order, the row and what is told of it."""

    report: model.Report
    files: tuple[tuple[ReportFile, FileDetails], ...]

    @property
    def details(self) -> tuple[FileDetails, ...]:
        """What is told of each file."""
        return tuple(details for _, details in self.files)


def told(row: Report) -> Told:
    """Open a report. Raises :class:`~safelight.errors.KeyMismatch`."""
    files = row.files.select_related("item", "occurrence").order_by("position")
    return Told(content(row), tuple((file, details(file)) for file in files))


def content(row: Report) -> model.Report:
    """What the report itself says."""
    return report_from_json(record_keys().open_content("report", row.pk, row.content))


def details(file: ReportFile) -> FileDetails:
    """What is told of one file."""
    return details_from_json(record_keys().open_content("report_file", file.pk, file.details))


def seal_content(row: Report, said: model.Report) -> None:
    """Put what a report says into its row, which the caller saves."""
    row.content = record_keys().seal_content("report", row.pk, report_to_json(said))


def seal_details(file: ReportFile, said: FileDetails) -> None:
    """Put what is told of a file into its row, which the caller saves."""
    file.details = record_keys().seal_content("report_file", file.pk, details_to_json(said))
