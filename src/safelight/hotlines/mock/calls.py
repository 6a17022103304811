"""What the mock hotline does when it is called: the CyberTipline's calls, with its codes, and no other."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from xml.sax.saxutils import escape

from safelight.hotlines.mock.documents import Checker, Invalid, Malformed
from safelight.hotlines.mock.state import KeptFile, Standing, State

_NOT_OPEN: Final = {
    None: (5001, "Report does not exist"),
    Standing.DELETED: (5001, "Report does not exist"),
    Standing.RETRACTED: (5101, "Report was already retracted"),
    Standing.FINISHED: (5102, "Report was already finished"),
}


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered."""

    body: bytes
    status: int = HTTPStatus.OK
    report: int | None = None


@dataclass(frozen=True, slots=True)
class ArrivedFile:
    """A file that came whole; its bytes were counted and are gone."""

    name: str
    size: int
    md5: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """One request, read to its end. ``file`` is None where the form held none."""

    call: str
    document: bytes = b""
    report_id: str = ""
    file: ArrivedFile | None = None
    user: str = ""
    address: str = ""


class Hotline:
    """The calls, over a state."""

    def __init__(self, state: State, checker: Checker) -> None:
        """Without a schema, documents are checked less."""
        self.state = state
        self._checker = checker
        self._calls: dict[str, Callable[[Arrived], Reply]] = {
            "status": self._status,
            "xsd": self._schema,
            "submit": self._submit,
            "upload": self._upload,
            "fileinfo": self._describe,
            "finish": self._finish,
            "retract": self._retract,
        }

    def knows(self, call: str) -> bool:
        """Whether there is such a call."""
        return call in self._calls

    def act(self, arrived: Arrived) -> Reply:
        """Do what was asked, and say so."""
        try:
            with self.state.acting():
                return self._calls[arrived.call](arrived)
        except Malformed as error:
            return coded(4110, f"Malformed XML: {error}", status=HTTPStatus.BAD_REQUEST)
        except Invalid as error:
            return coded(4100, f"Validation failed: {error}", status=HTTPStatus.BAD_REQUEST)

    def _status(self, arrived: Arrived) -> Reply:
        return coded(0, f"Remote User : {arrived.user}, Remote Ip : {arrived.address}")

    def _schema(self, _arrived: Arrived) -> Reply:
        if self._checker.schema is None:
            return coded(1210, "Resource not found", status=HTTPStatus.NOT_FOUND)
        return Reply(self._checker.schema)

    def _submit(self, arrived: Arrived) -> Reply:
        root = self._checker.checked(arrived.document, "report")
        batched = root.find("batchedReport") is not None
        number = self.state.open_report(arrived.document, batched=batched)
        return coded(0, "Success", report=number)

    def _upload(self, arrived: Arrived) -> Reply:
        number, refusal = self._open_report(arrived.report_id)
        if refusal is not None:
            return refusal
        if arrived.file is None:
            return coded(4000, "The request is invalid: it holds no file", report=number)
        kept = KeptFile(secrets.token_hex(16), arrived.file.name, arrived.file.size, arrived.file.md5, None)
        self.state.add_file(number, kept)
        more = f"<fileId>{kept.id}</fileId><hash>{kept.md5}</hash>"
        return coded(0, "Success", report=number, more=more)

    def _describe(self, arrived: Arrived) -> Reply:
        root = self._checker.checked(arrived.document, "fileDetails")
        number, refusal = self._open_report(root.findtext("reportId") or "")
        if refusal is not None:
            return refusal
        kept = self.state.files(number).get(root.findtext("fileId") or "")
        if kept is None:
            return coded(5002, "File does not exist", report=number)
        if kept.details is not None:
            return coded(4000, "The request is invalid: this file was described before", report=number)
        self.state.describe(number, kept.id, arrived.document)
        return coded(0, "Success", report=number)

    def _finish(self, arrived: Arrived) -> Reply:
        number, refusal = self._open_report(arrived.report_id)
        if refusal is not None:
            return refusal
        files = self.state.files(number)
        if self.state.is_batched(number) and len(files) > 1:
            told = "Validation failed: a batched report has one file at most"
            return coded(4100, told, report=number, status=HTTPStatus.BAD_REQUEST)
        self.state.end(number, Standing.FINISHED)
        inside = "".join(f"<fileId>{id_}</fileId>" for id_ in files)
        body = (
            '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<reportDoneResponse>'
            f"<responseCode>0</responseCode><reportId>{number}</reportId><files>{inside}</files>"
            "</reportDoneResponse>"
        )
        return Reply(body.encode(), report=number)

    def _retract(self, arrived: Arrived) -> Reply:
        number, refusal = self._open_report(arrived.report_id)
        if refusal is not None:
            return refusal
        self.state.end(number, Standing.RETRACTED)
        return coded(0, "Success", report=number)

    def _open_report(self, told: str) -> tuple[int, Reply | None]:
        """The report's number, and the refusal if it is not open."""
        number = int(told) if told.isascii() and told.isdigit() and len(told) < 19 else 0
        standing = self.state.standing(number)
        if standing is Standing.OPEN:
            return number, None
        code, description = _NOT_OPEN[standing]
        return number, coded(code, description, report=number or None)


def coded(
    code: int, description: str, *, report: int | None = None, more: str = "", status: int = HTTPStatus.OK
) -> Reply:
    """An answer in the service's form."""
    about = "" if report is None else f"<reportId>{report}</reportId>"
    body = (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<reportResponse>'
        f"<responseCode>{code}</responseCode>"
        f"<responseDescription>{escape(description)}</responseDescription>{about}{more}</reportResponse>"
    )
    return Reply(body.encode(), status, report)
