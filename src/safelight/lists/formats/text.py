"""Turns a file into numbered lines in constant memory, and refuses what is no text at all."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader, TextIOWrapper
from pathlib import Path
from typing import Final

from safelight.errors import ListFormatError

MAX_LINE: Final = 1 << 22
"""Characters of a line; a longer one is reported as bad and skipped. The vPDQ of 14 hours fits."""

ENCODINGS: Final = ("utf-8", "utf-16", "latin-1")
"""Encodings that can be asked for; UTF-8 unless told otherwise."""

_HEAD: Final = 4_096
_UTF16_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class Line:
    """A line without its end. ``problem`` is set when its text must not be used."""

    number: int
    text: str
    problem: str | None = None

    @property
    def is_content(self) -> bool:
        """Neither blank nor a comment."""
        stripped = self.text.strip()
        return self.problem is not None or bool(stripped and not stripped.startswith("#"))


def refuse_other_than_text(file: BufferedReader, encoding: str) -> None:
    """Raise :class:`~safelight.errors.ListFormatError` for UTF-16 read as something else, or for a binary."""
    head = file.peek(_HEAD)[:_HEAD]
    if encoding == "utf-16":
        return
    if head.startswith(_UTF16_MARKS):
        raise ListFormatError(
            f"{file.name} is written in UTF-16, not in {encoding}. Give --encoding utf-16, or save "
            "it as UTF-8."
        )
    if b"\0" in head:
        raise ListFormatError(
            f"{file.name} is no plain text: it has zero bytes. Unpack it or save it as CSV or text in UTF-8; "
            "if it is UTF-16 without a mark, convert it to UTF-8."
        )


def as_text(file: BufferedReader, encoding: str) -> TextIOWrapper:
    """The file as text; bytes that do not decode stay recognisable, so that only their line is bad."""
    return TextIOWrapper(
        file, encoding=encoding, errors="surrogateescape" if encoding == "utf-8" else "replace"
    )


def numbered_lines(text: TextIOWrapper) -> Iterator[Line]:
    """The lines of a file, counted from 1; LF, CRLF and CR end a line, a byte order mark is dropped.

    Raises :class:`~safelight.errors.ListFormatError` when the whole file is in another encoding.
    """
    number = 0
    try:
        while piece := text.readline(MAX_LINE + 1):
            number += 1
            if len(piece) > MAX_LINE and not piece.endswith("\n"):
                while piece and not piece.endswith("\n"):
                    piece = text.readline(MAX_LINE)
                yield Line(number, "", f"it has more than {MAX_LINE} characters")
                continue
            if number == 1:
                piece = piece.removeprefix("\ufeff")
            yield Line(number, piece.rstrip("\n"), _undecodable(piece, text.encoding))
    except UnicodeError:
        raise ListFormatError(
            f"{Path(text.name)} cannot be read as {text.encoding}. Give its --encoding."
        ) from None


def _undecodable(text: str, encoding: str) -> str | None:
    if text.isascii() or not any("\udc80" <= c <= "\udcff" or c == "\ufffd" for c in text):
        return None
    return f"it is not valid {encoding}"
