"""The two documents that the CyberTipline takes, built from the ordered model, nothing out of its place."""

from __future__ import annotations

from dataclasses import is_dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from xml.etree.ElementTree import Element, SubElement, tostring

from safelight.errors import ReportInvalid
from safelight.hotlines.files import FileDetails
from safelight.hotlines.model import Report
from safelight.hotlines.text import unfit_for_xml
from safelight.hotlines.wire import Form, Slot, slots_of, values_of

_DECLARATION: Final = b'<?xml version="1.0" encoding="UTF-8"?>\n'


def report_xml(report: Report) -> bytes:
    """The body of ``POST /submit``, UTF-8.

    Raises :class:`~safelight.errors.ReportInvalid` for what XML cannot carry; every other rule is
    :mod:`safelight.hotlines.preflight`'s.
    """
    return _document("report", report)


def file_details_xml(details: FileDetails, *, report_id: int, file_id: str) -> bytes:
    """The body of ``POST /fileinfo`` about a file that was uploaded. Both ids are the service's own."""
    root = Element("fileDetails")
    SubElement(root, "reportId").text = str(report_id)
    SubElement(root, "fileId").text = _text(file_id, "file_id")
    _fill(root, details)
    return _written(root)


def _document(name: str, part: object) -> bytes:
    root = Element(name)
    _fill(root, part)
    return _written(root)


def _written(root: Element) -> bytes:
    body: bytes = tostring(root, encoding="utf-8")
    return _DECLARATION + body


def _fill(element: Element, part: object) -> None:
    for slot in slots_of(type(part)):
        values = values_of(part, slot)
        match slot.wire.form:
            case Form.ELEMENT:
                for value in values:
                    _put(SubElement(element, slot.wire_name), value, slot)
            case Form.ATTRIBUTE:
                for value in values:
                    element.set(slot.wire_name, _text(value, slot.name))
            case Form.TEXT:
                for value in values:
                    element.text = _text(value, slot.name)
            case Form.FLAGS if values:
                flags = SubElement(element, slot.wire_name)
                for flag in values:
                    SubElement(flags, str(flag)).text = "true"
            case Form.CHOICE:
                for value in values:
                    _put(SubElement(SubElement(element, slot.wire_name), value.kind), value, slot)
            case Form.UNSENT | Form.FLAGS:
                pass


def _put(element: Element, value: object, slot: Slot) -> None:
    if is_dataclass(value):
        _fill(element, value)
    else:
        element.text = _text(value, slot.name)


def _text(value: Any, name: str) -> str:  # noqa: ANN401 - any leaf of the model
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return _time(value, name)
    if isinstance(value, date):
        return value.isoformat()
    text = str(value)
    if unfit_for_xml(text):
        raise ReportInvalid(f"The field {name} has a control character, which XML cannot carry; remove it.")
    return text


def _time(value: datetime, name: str) -> str:
    offset = value.utcoffset()
    if offset is None:
        raise ReportInvalid(f"The time in {name} has no zone; say which.")
    if offset % timedelta(minutes=1) or abs(offset) > timedelta(hours=14):
        value = value.astimezone(UTC)  # ISO 8601 writes zones in minutes, up to 14 hours
    return value.isoformat().replace("+00:00", "Z")
