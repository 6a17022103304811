"""How a report is kept from its draft to its receipt: JSON that the same or a later release reads back."""

from __future__ import annotations

from typing import Final

from pydantic import TypeAdapter

from safelight.hotlines.files import FileDetails
from safelight.hotlines.model import Report

_REPORT: Final = TypeAdapter(Report)
_FILE: Final = TypeAdapter(FileDetails)


def report_to_json(report: Report) -> str:
    """The report as JSON text. Fields are only ever added within a release's major number."""
    return _REPORT.dump_json(report, exclude_none=True).decode()


def report_from_json(text: str) -> Report:
    """Read it back. Raises pydantic's ``ValidationError`` for what this release never wrote."""
    return _REPORT.validate_json(text)


def details_to_json(details: FileDetails) -> str:
    """One file's details as JSON text."""
    return _FILE.dump_json(details, exclude_none=True).decode()


def details_from_json(text: str) -> FileDetails:
    """Read them back. Raises as :func:`report_from_json` does."""
    return _FILE.validate_json(text)
