"""The batched mode: one viral file, many accounts, and hardly anything else is allowed to be told.

Source: *CyberTipline Reporting API Technical Documentation*, appendix E. A second file makes the service
refuse to finish, after which the report can only be retracted; so it is caught here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from safelight.hotlines.codes import FileFlag, FileRelevance
from safelight.hotlines.files import FileDetails
from safelight.hotlines.findings import Finding, beginning
from safelight.hotlines.model import Report, Reported

_ALLOWED: Final = frozenset({FileFlag.VIRAL, FileFlag.POTENTIAL_MEME})
_NOT_IN_FILE: Final = (
    "original_file_name", "location", "hashes", "ip_event", "devices", "details", "additional_info",
)  # fmt: skip
_NOT_IN_REPORT: Final = ("internet_details", "law_enforcement", "recipients", "victims", "additional_info")


def of_batched(report: Report, files: Sequence[FileDetails]) -> Iterator[Finding]:
    """What the batched mode forbids; nothing where the report is not batched."""
    if report.batched is None:
        return
    for name in _NOT_IN_REPORT:
        if getattr(report, name):
            yield _forbidden(name)
    if report.summary.escalate is not None:
        yield _forbidden("summary.escalate")
    for number, reported in enumerate(report.reported):
        if reported != Reported(esp_identifier=reported.esp_identifier) or not reported.esp_identifier:
            yield Finding(
                "batched-identifier-only",
                f"reported[{number}]",
                "A batched report tells of each account its ESP identifier, and nothing else.",
            )
    if len(files) > 1:
        yield Finding("batched-one-file", "files[1]", "A batched report has one file. Take the others out.")
    for number, details in enumerate(files):
        yield from _of_file(f"files[{number}]", details)


def _of_file(path: str, details: FileDetails) -> Iterator[Finding]:
    told = details.annotations | ({FileFlag.POTENTIAL_MEME} if details.potential_meme else frozenset())
    if not told & _ALLOWED:
        yield Finding(
            "batched-not-viral", f"{path}.annotations", "Mark the file as viral or as a potential meme."
        )
    if told - _ALLOWED:
        yield Finding(
            "batched-annotation",
            f"{path}.annotations",
            "In a batched report a file is marked viral or potential meme, and nothing else.",
        )
    if details.relevance is FileRelevance.SUPPLEMENTAL:
        yield Finding("batched-relevance", f"{path}.relevance", "The one file must be the reported one.")
    empty = FileDetails()
    for name in _NOT_IN_FILE:
        if getattr(details, name) != getattr(empty, name):
            yield _forbidden(f"{path}.{name}")


def _forbidden(field: str) -> Finding:
    words = beginning(field)
    return Finding("batched-forbids", field, f"{words} cannot be told in a batched report. Take it out.")
