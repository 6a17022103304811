"""What the mock checks of a document: that it is XML, its order, and the schema where there is one."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from safelight.hotlines.cybertipline.schema import Schema
from safelight.hotlines.model import FileDetails, Report

_REPORT: Final = (
    "batchedReport", "incidentSummary", "internetDetails", "lawEnforcement", "reporter",
    "personOrUserReported", "intendedRecipient", "victim", "additionalInfo",
)  # fmt: skip
_DETAILS: Final = (
    "reportId", "fileId", "fileName", "originalFileName", "uploadedToEspTimestamp", "locationOfFile",
    "fileViewedByEsp", "exifViewedByEsp", "publiclyAvailable", "fileRelevance", "potentialMeme",
    "fileAnnotations", "industryClassification", "originalFileHash", "ipCaptureEvent", "deviceId", "details",
    "additionalInfo",
)  # fmt: skip
_ORDERS: Final = {"report": _REPORT, "fileDetails": _DETAILS}
_MODELS: Final = {"report": Report, "fileDetails": FileDetails}
_NEEDED: Final = {
    "report": ("incidentSummary/incidentType", "incidentSummary/incidentDateTime",
               "reporter/reportingPerson/email"),
    "fileDetails": ("reportId", "fileId"),
}  # fmt: skip


class Malformed(Exception):
    """This is no XML document."""


class Invalid(Exception):
    """The document breaks a rule; the message says which."""


class Checker:
    """Checks documents as the service does, as far as is known here."""

    def __init__(self, schema: Path | None) -> None:
        """``schema`` is the operator's own copy, which only NCMEC gives out; without it, less is checked."""
        self.schema = None if schema is None else schema.read_bytes()
        self._schema = None if self.schema is None else Schema.parse(self.schema)

    def checked(self, document: bytes, root: str) -> Element:
        """The document's root. Raises :class:`Malformed` and :class:`Invalid`."""
        try:
            found: Element = fromstring(document, forbid_dtd=True)
        except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
            raise Malformed(str(error)) from None
        if found.tag != root:
            raise Invalid(f"The document is no <{root}>.")
        self._check_order(found)
        for path in _NEEDED[root]:
            if not (found.findtext(path) or "").strip():
                raise Invalid(f"<{path}> is missing.")
        if found.findtext("exifViewedByEsp") == "true" and found.findtext("fileViewedByEsp") != "true":
            raise Invalid("exifViewedByEsp needs fileViewedByEsp.")
        if self._schema is not None:
            for finding in self._schema.refusals(document, _MODELS[root]):
                raise Invalid(finding.says)
        return found

    @staticmethod
    def _check_order(root: Element) -> None:
        order = _ORDERS[root.tag]
        reached = 0
        for child in root:
            if child.tag not in order:
                raise Invalid(f"<{child.tag}> has no place in <{root.tag}>.")
            place = order.index(child.tag)
            if place < reached:
                raise Invalid(f"<{child.tag}> comes too late in <{root.tag}>.")
            reached = place
