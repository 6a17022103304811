"""What reading a list file yields: records, bad lines that never quote the file, and a report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from safelight.lists.videos import stored_signals
from safelight.types import Signal

BAD_LINES_KEPT: Final = 100
"""Bad lines that a report lists; it counts all of them."""


class Layout(StrEnum):
    """How a list file is laid out."""

    CSV = "csv"
    """A header, then one file a line; columns are mapped to signal types."""
    VALUES = "values"
    """One hash a line, all of one signal type, which has to be told."""
    TYPED = "typed"
    """``signal_type value`` on each line."""


@dataclass(frozen=True, slots=True)
class ListFormat:
    """How to read a list file. What is not told is found out only where there is one possibility.

    ``columns`` maps a signal type, ``key`` or ``classification`` to the name of a CSV column; columns that
    are called so need no mapping. ``signal_type`` is for :attr:`Layout.VALUES`.
    """

    layout: Layout | None = None
    signal_type: str | None = None
    columns: tuple[tuple[str, str], ...] = ()
    delimiter: str = ","
    encoding: str = "utf-8"


@dataclass(frozen=True, slots=True)
class Record:
    """One listed file: the signals of one line, with the source's key where there is one."""

    line: int
    signals: tuple[Signal, ...] = field(repr=False)
    key: str | None = None
    classification: str | None = None

    def stored(self) -> Iterator[tuple[Signal, frozenset[str]]]:
        """What is kept of them, each with its flags: of a video, the looks of its frames."""
        for signal in self.signals:
            yield from stored_signals(signal)


@dataclass(frozen=True, slots=True)
class BadLine:
    """Something in a line that was not listed, and why; never what the line says."""

    number: int
    reason: str


class BadLines:
    """Collects bad lines in constant memory: the first :data:`BAD_LINES_KEPT`, and how many there were."""

    def __init__(self) -> None:
        self.kept: list[BadLine] = []
        self.total = 0

    def add(self, bad: BadLine) -> None:
        """Count one, and keep it while there is room."""
        self.total += 1
        if len(self.kept) < BAD_LINES_KEPT:
            self.kept.append(bad)


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a file's entries; ``bad`` holds the first bad lines, ``bad_total`` counts them all.

    ``read`` counts the good hashes of the file, and is the sum of added, known and updated.
    """

    read: int = 0
    added: int = 0
    known: int = 0
    updated: int = 0
    bad: tuple[BadLine, ...] = ()
    bad_total: int = 0
