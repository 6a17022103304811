"""The truth about hash lists, as a protocol: the embedded store and the server's both keep it.

A store numbers every change; numbers grow and may have gaps. Indexes are derived from it: a writer tails
:meth:`ListStore.changes` and stamps what it built with :class:`Stamp`. A new epoch (after a backup was
restored, or the root key rotated) or a sequence behind the stamp means: rebuild from :meth:`ListStore.live`.
``tests/unit/lists/conformance.py`` holds the promises that every implementation is tested against.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from safelight.errors import UsageError
from safelight.types import ListClass, ListEntry, Signal

DEFAULT_DISTANCE: Final = 31
"""PDQ distance up to which two pictures are taken as the same, of 256 bits (Meta's PDQ description, 2019)."""

MAX_DISTANCE: Final = 64
"""The widest distance a list may ask for; random pairs sit near 128."""

DEFAULT_PERCENT: Final = 80
"""Percent of the frames of a video that make it a listed one (the example and the default of vPDQ's own
programs, one of which asks it of the query and the other of what is listed)."""

MAX_NAME: Final = 100

HELD: Final = "held"
"""The flag of an entry whose hits are held for review, whatever its list would do."""


@dataclass(frozen=True, slots=True)
class HashListInfo:
    """What is known of a list beside its entries.

    ``distance`` (0-64) is the widest Hamming distance that counts as a match for its PDQ entries. Of its
    videos, one matches where ``query_percent`` (0-100) of the query's frames are among its own, or
    ``listed_percent`` of its own are among the query's. ``shadow`` suppresses automatic action, never review.
    What a list that is ``held`` would match is held for review. One that is not ``enabled`` is kept and not
    searched.
    Names have 1-100 printable characters, no slash and no colon, so that none is taken for a file. Raises
    :class:`~safelight.errors.UsageError`.
    """

    name: str
    list_class: ListClass
    distance: int = DEFAULT_DISTANCE
    shadow: bool = False
    enabled: bool = True
    source: str = ""
    entries: int = 0
    held: bool = False
    query_percent: int = DEFAULT_PERCENT
    listed_percent: int = DEFAULT_PERCENT

    def __post_init__(self) -> None:
        if not 1 <= len(self.name) <= MAX_NAME or not self.name.isprintable() or set(self.name) & set("/:"):
            raise UsageError(
                f"A list's name has 1 to {MAX_NAME} printable characters, no slash and no colon."
            )
        if self.name != self.name.strip() or self.name.startswith("-"):
            raise UsageError("A list's name does not begin with a dash, nor begin or end with a space.")
        if not 0 <= self.distance <= MAX_DISTANCE:
            raise UsageError(
                f"A list's distance is 0 to {MAX_DISTANCE} of 256 bits; {DEFAULT_DISTANCE} is usual."
            )
        if not (0 < self.query_percent <= 100 and 0 < self.listed_percent <= 100):
            raise UsageError(f"A share of a video is 1 to 100 percent; {DEFAULT_PERCENT} is usual.")


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """A stored row, found by its number; the listed value stays in the store."""

    row: int
    list: str
    key: str
    signal_type: str
    classification: str | None = None
    flags: frozenset[str] = frozenset()
    list_class: ListClass | None = None
    """The class that its classification stands for, where the list maps it to another than its own."""


class ChangeKind(StrEnum):
    """What happened to a row."""

    ADD = "add"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, slots=True)
class Change:
    """One numbered change to one row. ``value`` is the listed value of an added row, else None.

    The value is left out of ``repr``, so that no log shows it.
    """

    sequence: int
    kind: ChangeKind
    row: int
    signal_type: str
    value: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Stamp:
    """Which state of which store: an index built at a stamp serves every later sequence of the same epoch."""

    workspace: str
    epoch: str
    sequence: int


@dataclass(frozen=True, slots=True)
class Added:
    """What became of the entries offered: new rows, rows that were there already, rows brought up to date."""

    added: int = 0
    known: int = 0
    updated: int = 0

    def __add__(self, other: Added) -> Added:
        return Added(self.added + other.added, self.known + other.known, self.updated + other.updated)


class ListStore(Protocol):
    """Lists and their entries. Every method is safe to call from any thread and from several processes."""

    def stamp(self) -> Stamp:
        """The present state."""
        ...

    def lists(self) -> tuple[HashListInfo, ...]:
        """Every list, by name, with its number of live entries."""
        ...

    def tally(self, name: str) -> dict[str, int]:
        """How many live entries of each signal type a list has. Raises ``NoSuchList``."""
        ...

    def get(self, name: str) -> HashListInfo:
        """One list. Raises :class:`~safelight.errors.NoSuchList`."""
        ...

    def create(self, info: HashListInfo) -> HashListInfo:
        """A new, empty list. Raises :class:`~safelight.errors.ListExists`."""
        ...

    def change(
        self,
        name: str,
        *,
        distance: int | None = None,
        shadow: bool | None = None,
        enabled: bool | None = None,
        query_percent: int | None = None,
        listed_percent: int | None = None,
    ) -> HashListInfo:
        """Change a list's settings; takes effect for the next search, without rebuilding an index."""
        ...

    def remove(self, name: str) -> int:
        """Withdraw every entry of a list and forget it; returns how many entries went."""
        ...

    def add(self, entries: Iterable[ListEntry]) -> Added:
        """Add entries to the lists they name, in batches; committed when this returns.

        A row is (list, key, signal type, value): offered again, it is known, or updated where classification
        or flags differ. Raises :class:`~safelight.errors.UsageError` for a value that is malformed, or that
        would match what it should not; batches before the one that failed stay.
        """
        ...

    def derive_key(self, signals: Sequence[Signal]) -> str:
        """A key for signals of one file to which their source gave none.

        Opaque, and the same in this store for the same signals for ever, key rotations included.
        """
        ...

    def withdraw(self, name: str, keys: Iterable[str]) -> int:
        """Withdraw entries by the source's keys; returns how many rows went."""
        ...

    def find(self, signals: Sequence[Signal]) -> tuple[tuple[StoredEntry, ...], ...]:
        """The live rows of enabled lists whose type and value equal each signal's, in the order asked."""
        ...

    def resolve(self, rows: Iterable[int]) -> dict[int, StoredEntry]:
        """The live rows among these numbers; withdrawn rows and rows of disabled lists are left out."""
        ...

    def changes(self, after: int, limit: int = 10_000) -> Sequence[Change]:
        """Changes with a sequence greater than ``after``, oldest first, at most ``limit``.

        An addition that was withdrawn since may be left out; its withdrawal is there all the same.
        """
        ...

    def live(self, signal_type: str) -> Iterator[tuple[int, str]]:
        """Every live row of a type as (row, value), for building an index; sees one consistent state."""
        ...

    def close(self) -> None:
        """Release files and connections."""
        ...
