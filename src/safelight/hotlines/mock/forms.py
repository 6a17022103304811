"""Reads what a form carries from the wire, piece by piece: files are counted and never held."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from typing import Protocol
from urllib.parse import parse_qs

from safelight.hotlines.mock.calls import ArrivedFile

_PIECE = 1 << 16
_LONGEST_FIELD = 1 << 16
_LONGEST_HEAD = 1 << 14


class Source(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""


class BadForm(Exception):
    """The body is not the form that its headers say it is."""


@dataclass(slots=True)
class Form:
    """The fields of one form: a report's id, and perhaps a file."""

    report_id: str = ""
    file: ArrivedFile | None = None


def read_form(content_type: str, length: int, source: Source) -> Form:
    """Read a whole body of ``length`` bytes. Raises :class:`BadForm`, and ``EOFError`` if it ends early."""
    header = Message()
    header["Content-Type"] = content_type
    if header.get_content_type() == "application/x-www-form-urlencoded":
        fields = parse_qs(_exactly(source, min(length, _LONGEST_FIELD)).decode("utf-8", "replace"))
        return Form(report_id=fields.get("id", [""])[0])
    boundary = header.get_param("boundary")
    if header.get_content_type() != "multipart/form-data" or not isinstance(boundary, str):
        raise BadForm("Send multipart/form-data.")
    return _Multipart(boundary.encode("latin-1"), length, source).read()


def _exactly(source: Source, length: int) -> bytes:
    found = bytearray()
    while len(found) < length:
        piece = source.read(min(_PIECE, length - len(found)))
        if not piece:
            raise EOFError
        found += piece
    return bytes(found)


class _Multipart:
    """A reader of RFC 7578 bodies, which keeps no more than one piece and one boundary in memory."""

    def __init__(self, boundary: bytes, length: int, source: Source) -> None:
        self._delimiter = b"\r\n--" + boundary
        self._left, self._source = length, source
        self._buffer = b"\r\n"  # so that the first delimiter is like the others

    def read(self) -> Form:
        form = Form()
        for _preamble in self._content():
            pass
        while not self._at_end():
            name, filename = self._head()
            if filename is None:
                value = b"".join(self._content())[:_LONGEST_FIELD].decode("utf-8", "replace")
                if name == "id":
                    form.report_id = value.strip()
                continue
            digest, size = hashlib.md5(usedforsecurity=False), 0
            for piece in self._content():
                digest.update(piece)
                size += len(piece)
            if name == "file":
                form.file = ArrivedFile(filename, size, digest.hexdigest())
        while self._more():
            self._buffer = b""
        return form

    def _more(self) -> bool:
        if not self._left:
            return False
        piece = self._source.read(min(_PIECE, self._left))
        if not piece:
            raise EOFError
        self._left -= len(piece)
        self._buffer += piece
        return True

    def _content(self) -> Iterator[bytes]:
        """Everything up to the next delimiter, which is passed."""
        while True:
            found = self._buffer.find(self._delimiter)
            if found >= 0:
                yield self._buffer[:found]
                self._buffer = self._buffer[found + len(self._delimiter) :]
                return
            safe = max(0, len(self._buffer) - len(self._delimiter) + 1)
            yield self._buffer[:safe]
            self._buffer = self._buffer[safe:]
            if not self._more():
                raise BadForm("A part has no end.")

    def _at_end(self) -> bool:
        """Whether the delimiter just passed was the last one."""
        while len(self._buffer) < 2:
            if not self._more():
                raise BadForm("The last boundary is missing.")
        return self._buffer.startswith(b"--")

    def _head(self) -> tuple[str, str | None]:
        """The name of a part, and of its file."""
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > _LONGEST_HEAD or not self._more():
                raise BadForm("A part has no head.")
        head, self._buffer = self._buffer[:end], self._buffer[end + 4 :]
        told = Message()
        for line in head.decode("utf-8", "replace").split("\r\n"):
            field, _, value = line.partition(":")
            if field.strip().lower() == "content-disposition":
                told["Content-Disposition"] = value.strip()
        name = told.get_param("name", header="Content-Disposition")
        return (name if isinstance(name, str) else ""), told.get_filename()
