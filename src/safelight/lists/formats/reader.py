"""Opens a list file and settles how it is read: as told, or where only one reading is possible."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from io import BufferedReader, TextIOWrapper
from itertools import chain
from pathlib import Path

from safelight.errors import ListFormatError
from safelight.lists.formats.csv_table import names_signals, read_csv
from safelight.lists.formats.lines import (
    LISTABLE,
    Complain,
    known_types,
    looks_typed,
    read_typed,
    read_values,
)
from safelight.lists.formats.records import Layout, ListFormat, Record
from safelight.lists.formats.text import ENCODINGS, Line, as_text, numbered_lines, refuse_other_than_text


class ListReader:
    """The records of one open list file, read once, in constant memory. ``size`` is in bytes."""

    def __init__(self, file: BufferedReader, text: TextIOWrapper, told: ListFormat, size: int) -> None:
        self._file = file
        self._text = text
        self._told = told
        self.size = size

    def position(self) -> int:
        """Bytes read so far, for progress."""
        return self._file.tell()

    def records(self, complain: Complain) -> Iterator[Record]:
        """The good records; every bad line goes to ``complain``.

        Raises :class:`~safelight.errors.ListFormatError` at once when the layout is not known.
        """
        lines = numbered_lines(self._text)
        first = next((line for line in lines if line.is_content), None)
        if first is None:
            return iter(())
        layout = self._told.layout or self._detect(first)
        if layout is Layout.CSV:
            return read_csv(first, lines, self._told, complain)
        if layout is Layout.TYPED:
            return read_typed(chain((first,), lines), complain)
        if self._told.signal_type is None:
            raise ListFormatError(
                f"One hash a line: say of which type they are with --signal-type ({known_types()}). It is "
                "never guessed from the length, because types share lengths."
            )
        return read_values(chain((first,), lines), self._told.signal_type, complain)

    def _detect(self, first: Line) -> Layout:
        told = self._told
        if told.columns:
            return Layout.CSV
        if told.signal_type is not None:
            return Layout.VALUES
        if looks_typed(first):
            return Layout.TYPED
        if first.problem is None and names_signals(first, told.delimiter):
            return Layout.CSV
        raise ListFormatError(
            f"{self._text.name} does not say how it is laid out. Give one of:\n"
            "  --signal-type pdq                  one hash a line, of this type\n"
            "  --format typed                     lines such as: pdq <value>\n"
            "  --format csv --column pdq=NAME     a table whose first line is its header"
        )


@contextlib.contextmanager
def open_list(path: Path, told: ListFormat) -> Iterator[ListReader]:
    """Open a list file. Raises :class:`~safelight.errors.ListFormatError`."""
    if told.encoding not in ENCODINGS:
        raise ListFormatError(f"--encoding can be {', '.join(ENCODINGS)}.")
    if told.signal_type is not None and told.signal_type not in LISTABLE:
        raise ListFormatError(f"--signal-type can be {known_types()}.")
    if len(told.delimiter) != 1 or told.delimiter in '"\r\n#':
        raise ListFormatError("--delimiter is one character, such as ';'.")
    try:
        file = path.open("rb")
    except OSError as error:
        raise ListFormatError(f"{path} cannot be read: {error.strerror}.") from None
    with file:
        if not path.is_file():
            raise ListFormatError(f"{path} is not a regular file.")
        refuse_other_than_text(file, told.encoding)
        with as_text(file, told.encoding) as text:
            yield ListReader(file, text, told, path.stat().st_size)
