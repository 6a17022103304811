"""Reads CSV: a header whose columns are mapped to signal types, then one listed file a record."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from safelight.errors import ListFormatError
from safelight.lists.checks import MAX_KEY, is_plain_text
from safelight.lists.formats.lines import LISTABLE, Complain, checked_signal
from safelight.lists.formats.records import BadLine, ListFormat, Record
from safelight.lists.formats.text import MAX_LINE, Line
from safelight.types import Signal

FIELDS: Final = (*LISTABLE, "key", "classification")
"""What a column can be mapped to."""

csv.field_size_limit(MAX_LINE)  # the vPDQ of a long video is one field

_LONGEST_RECORD: Final = 32
"""Lines that one quoted field may run over; an unclosed quote must not swallow a list."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column holds what, and how many columns there are."""

    width: int
    signals: tuple[tuple[str, int], ...]
    key: int | None
    classification: int | None


def split_row(text: str, delimiter: str) -> list[str] | None:
    """The fields of a record, or None when its quotes do not close."""
    try:
        rows = list(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


def names_signals(line: Line, delimiter: str) -> bool:
    """Whether a line is a header with a column that is called like a signal type."""
    names = split_row(line.text, delimiter) or []
    return any(name.strip().lower() in LISTABLE for name in names)


def map_columns(header: list[str], told: ListFormat) -> Columns:
    """Find the columns. Raises :class:`~safelight.errors.ListFormatError`, which never quotes the header."""
    names = [name.strip() for name in header]
    places: dict[str, int] = {}
    for field, name in told.columns:
        if field not in FIELDS:
            raise ListFormatError(f"--column {field}={name}: a column can hold {', '.join(FIELDS)}.")
        if names.count(name) != 1:
            raise ListFormatError(
                f"--column {field}={name}: the header has {'no' if name not in names else 'more than one'} "
                f"column called {name!r} (the first line that is no comment is the header)."
            )
        places[field] = names.index(name)
    lowered = [name.lower() for name in names]
    for field in FIELDS:
        if field not in places and lowered.count(field) == 1:
            places[field] = lowered.index(field)
    signals = tuple((type_, places[type_]) for type_ in LISTABLE if type_ in places)
    if not signals:
        raise ListFormatError(
            "No column of this file is known to hold hashes. Say which one does, for example "
            "--column pdq=PDQ_HASH; if its columns are not separated by commas, give --delimiter."
        )
    if len({*places.values()}) != len(places):
        raise ListFormatError(
            "One column was mapped twice. A column of hashes cannot be the key, because keys are shown in "
            "results and listed hashes never are; leave --column key=... out and keys are derived."
        )
    return Columns(len(names), signals, places.get("key"), places.get("classification"))


def read_csv(header: Line, lines: Iterable[Line], told: ListFormat, complain: Complain) -> Iterator[Record]:
    """The records after a header.

    Raises :class:`~safelight.errors.ListFormatError` at once when the header does not do.
    """
    fields = split_row(header.text, told.delimiter) if header.problem is None else None
    if fields is None:
        raise ListFormatError(f"The header on line {header.number} cannot be read as CSV.")
    columns = map_columns(fields, told)
    rows = _rows(lines, columns.width, told.delimiter, complain)
    records = (_record(number, row, columns, complain) for number, row in rows)
    return (record for record in records if record is not None)


def _rows(
    lines: Iterable[Line], width: int, delimiter: str, complain: Complain
) -> Iterator[tuple[int, list[str]]]:
    """Rows of the right width; a quoted field may run over lines, but never over a line that stands alone."""
    source = iter(lines)
    waiting: deque[Line] = deque()
    while (line := waiting.popleft() if waiting else next(source, None)) is not None:
        if not line.is_content:
            continue
        row = None if line.problem else split_row(line.text, delimiter)
        if row is not None and len(row) == width:
            yield line.number, row
        elif line.problem is not None:
            complain(BadLine(line.number, line.problem))
        elif row is not None:
            complain(BadLine(line.number, f"it has {len(row)} fields where the header has {width}"))
        else:
            row = _continued(line, source, waiting, width, delimiter)
            if row is None:
                complain(BadLine(line.number, "its quotes do not close"))
            else:
                yield line.number, row


def _continued(
    first: Line, source: Iterator[Line], waiting: deque[Line], width: int, delimiter: str
) -> list[str] | None:
    """The row that begins on a line and ends on a later one; lines looked at in vain stay waiting."""
    text = first.text
    for count in range(_LONGEST_RECORD):
        if count == len(waiting):
            following = next(source, None)
            if following is None:
                return None
            waiting.append(following)
        following = waiting[count]
        alone = split_row(following.text, delimiter)
        if following.problem is not None or (alone is not None and len(alone) == width > 1):
            return None
        text += "\n" + following.text
        row = split_row(text, delimiter)
        if row is not None:
            if len(row) != width:
                return None
            for _ in range(count + 1):
                waiting.popleft()
            return row
    return None


def _record(number: int, row: list[str], columns: Columns, complain: Complain) -> Record | None:
    signals: list[Signal] = []
    written = {type_: row[place].strip() for type_, place in columns.signals}
    for type_, text in written.items():
        if not text:
            continue
        try:
            signals.append(checked_signal(type_, text))
        except ValueError as error:
            complain(BadLine(number, f"{type_}: {error}"))
    if not any(written.values()):
        complain(BadLine(number, "it has no hash"))
    if not signals:
        return None
    classification = _text(row, columns.classification)
    key = _text(row, columns.key)
    if not all(text is None or is_plain_text(text) for text in (classification, key)):
        reason = f"its key or classification has control characters or more than {MAX_KEY} characters"
        complain(BadLine(number, reason))
        return None
    if key is not None and key.lower() in {text.lower() for text in written.values()}:
        key = None  # keys are shown in results, listed values never: an opaque key is derived instead
    return Record(number, tuple(signals), key, classification)


def _text(row: list[str], place: int | None) -> str | None:
    return (row[place].strip() or None) if place is not None else None
