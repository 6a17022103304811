"""What came back, verbatim, and what of it could be read. Unknown codes are kept as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

RECEIPT: Final = "reportDoneResponse"
"""The root of the answer to ``finish``: the notice that 18 U.S.C. 2258A(h)(1) counts from."""
_LONGEST_TOLD: Final = 300


@dataclass(frozen=True, slots=True)
class Answer:
    """One whole answer. ``code`` is None where the body holds none: an HTML page, or nothing at all.

    ``hash`` is the MD5 that the service computed of a file, in lower case; ``files`` are those of a receipt.
    """

    status: int
    body: bytes
    request_id: str = ""
    root: str = ""
    code: int | None = None
    description: str = ""
    report_id: str = ""
    file_id: str = ""
    hash: str = ""
    files: tuple[str, ...] = ()

    def told(self) -> str:
        """One line for people, which holds nothing of what was reported."""
        what = f"HTTP {self.status}" if self.code is None else f"code {self.code}"
        said = f": {self.description[:_LONGEST_TOLD]}" if self.description else ""
        return f"{what}{said}" + (f" (Request-ID {self.request_id})" if self.request_id else "")


def read_answer(status: int, body: bytes, request_id: str = "") -> Answer:
    """Read an answer; the HTTP status says little, for errors come with 200 too. Never raises."""
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return Answer(status, body, request_id)
    told = {_name(child): (child.text or "").strip() for child in root}
    code = told.get("responseCode", "")
    return Answer(
        status,
        body,
        request_id,
        root=_name(root),
        code=int(code) if code.isascii() and code.isdigit() else None,
        description=told.get("responseDescription", ""),
        report_id=told.get("reportId", ""),
        file_id=told.get("fileId", ""),
        hash=told.get("hash", "").lower(),
        files=tuple((found.text or "").strip() for found in root.iter() if _name(found) == "fileId"),
    )


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]
