"""What every index promises: given a hash, the rows within a distance, exactly, nearest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

DEFAULT_CAP: Final = 1000
"""Hits returned for one query at most; a result that reached it says so."""


@dataclass(frozen=True, slots=True, order=True)
class Hit:
    """A row of the list store and its Hamming distance (0-256) from the query."""

    distance: int
    row: int


@dataclass(frozen=True, slots=True)
class Hits:
    """Hits ordered by distance, then row. ``capped`` is true when there were more than the cap."""

    hits: tuple[Hit, ...] = ()
    capped: bool = False


class HammingIndex(Protocol):
    """Exact range search over 256-bit hashes given as 64 lower-case hexadecimal digits.

    Recall is 1.0 at any radius of 0-256 and any size. Methods may be called from several threads.
    """

    def __len__(self) -> int:
        """How many live rows can be found."""
        ...

    def search(self, value: str, radius: int, cap: int = DEFAULT_CAP) -> Hits:
        """The rows within ``radius`` of one hash."""
        ...

    def search_many(self, values: Sequence[str], radius: int, cap: int = DEFAULT_CAP) -> tuple[Hits, ...]:
        """One result a query, in the order asked: a batch, or the eight dihedral variants of one picture."""
        ...


class ExactIndex(Protocol):
    """Look-up of equal values (digests, model hashes), given as lower-case hexadecimal digits."""

    def __len__(self) -> int:
        """How many live rows can be found."""
        ...

    def find_many(self, values: Sequence[str]) -> tuple[tuple[int, ...], ...]:
        """The rows, ascending, whose value equals each of these, in the order asked."""
        ...


@dataclass(frozen=True, slots=True)
class Agreement:
    """Items ``start`` to ``end`` (exclusive) of a sound agree with a listed one's from ``listed`` on."""

    start: int
    end: int
    listed: int


@dataclass(frozen=True, slots=True)
class SoundHit:
    """A row of the list store and where a sound agrees with it, earliest first.

    ``distance`` (0-38) is how many of 256 bits differ in the window that agrees best, rounded up.
    """

    distance: int
    row: int
    agreements: tuple[Agreement, ...]


@dataclass(frozen=True, slots=True)
class SoundHits:
    """Hits ordered by distance, then row. ``blocks`` is what the search cost; ``capped`` says that it was
    ended before everything was compared."""

    hits: tuple[SoundHit, ...] = ()
    blocks: int = 0
    capped: bool = False


MOST_BLOCKS: Final = 4096
"""Blocks of pairs of items (:data:`~safelight.matching.alignment.BLOCK`) that are looked at for one file:
minutes of a processor. A file that was made to agree a little with everything keeps it no longer.
"""


class SoundIndex(Protocol):
    """Search over the fingerprints of sounds, given as lower-case hexadecimal digits, 8 an item.

    What matches is defined in :mod:`safelight.matching.alignment`. Methods may be called from several
    threads.
    """

    def __len__(self) -> int:
        """How many live rows can be found."""
        ...

    def search(self, value: str, most: int = MOST_BLOCKS) -> SoundHits:
        """Every row that matches, nearest first; gives up after ``most`` blocks and says so."""
        ...
