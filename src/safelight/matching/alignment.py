"""Where two sounds agree: seeds that an inverted index finds, and the window of items about each of them.

What a match is, exactly. Let ``q`` and ``l`` be the items of two fingerprints, of ``m`` and ``n`` items, and
``w`` the least of 40, ``m`` and ``n``.

* An item *tells* if it lies in a telling window of its fingerprint
  (:func:`~safelight.sounds.telling_windows`).
* ``(i, j)`` is a *seed* if both items tell, their upper or their lower 16 bits are equal, and at most
  :data:`SEED_BITS` of all 32 differ.
* The *window* of a seed are the ``w`` pairs of items along its diagonal that begin ``w // 2`` before it,
  moved along the diagonal as little as is needed to lie within both; without room there is none.
* The fingerprints match at a seed if the window of ``q`` tells and at most 15 % of the window's bits differ.

At 15 % of differing bits a window of 40 items has some six seeds on average, so that hardly any agreement
is missed for want of one. Everything but the seeds is exact arithmetic; ``tests/unit/matching`` holds a
reference of a few lines that looks at every pair of items.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from safelight.sounds import ITEM_BITS, WINDOW, Items, telling_windows

ERROR_SHARE: Final = 0.15
"""Of a window's bits that may differ. Re-encoded copies stay below it and other sounds above, as ``make
bench-quality`` counts."""

SEED_BITS: Final = 6

BLOCK: Final = 1 << 18
"""Pairs of items looked at together: some 40 MiB, whatever the length of a sound or a list."""

_HALVES: Final = (16, 0)
_KEYS: Final = 1 << 16

Positions = npt.NDArray[np.int64]


def errors_allowed(width: int) -> int:
    """Bits that may differ in a window of so many items."""
    return int(ERROR_SHARE * ITEM_BITS * width + 1e-9)


def telling_items(items: Items) -> npt.NDArray[np.bool_]:
    """Which items lie in a telling window of their fingerprint."""
    width = min(WINDOW, len(items))
    windows = telling_windows(items, width)
    edges = np.zeros(len(items) + 1, dtype=np.int32)
    edges[: len(windows)] += windows
    edges[width : width + len(windows)] -= windows
    inside: npt.NDArray[np.bool_] = np.cumsum(edges[:-1]) > 0
    return inside


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows that match: the fingerprint's place in its segment, where the window begins in query and list,
    how wide it is and how many bits differ."""

    place: Positions
    query: Positions
    listed: Positions
    width: Positions
    errors: Positions

    def chosen(self, which: npt.NDArray[np.bool_] | Positions) -> Self:
        """Some of them."""
        columns = (self.place, self.query, self.listed, self.width, self.errors)
        return type(self)(*(column[which] for column in columns))


class Segment:
    """Fingerprints that do not change, and where each half of an item occurs in them: 12 bytes an item."""

    def __init__(self, rows: Sequence[int], fingerprints: Sequence[Items]) -> None:
        self.rows = tuple(rows)
        self.items: Items = np.concatenate([np.zeros(0, np.uint32), *fingerprints])
        lengths = [len(each) for each in fingerprints]
        self.starts: Positions = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64)
        told = np.concatenate([np.zeros(0, bool), *(telling_items(each) for each in fingerprints)])
        telling = np.flatnonzero(told).astype(np.uint32)
        self._postings = [_Postings(self.items, telling, shift) for shift in _HALVES]

    def __len__(self) -> int:
        return len(self.items)

    def fingerprints(self) -> Iterator[tuple[int, Items]]:
        """Each row with its items."""
        for place, row in enumerate(self.rows):
            yield row, self.items[self.starts[place] : self.starts[place + 1]]

    def search(self, query: Items) -> Iterator[Windows]:
        """The windows that match, block by block."""
        telling = np.flatnonzero(telling_items(query))
        gates = {width: telling_windows(query, width) for width in self._widths(len(query))}
        for postings in self._postings:
            for at, found in postings.pairs(query, telling):
                yield self._verified(query, at, found, gates)

    def _widths(self, length: int) -> set[int]:
        return set(np.minimum(np.diff(self.starts), min(WINDOW, length)).tolist())

    def _verified(
        self, query: Items, at: Positions, found: Positions, gates: dict[int, npt.NDArray[np.bool_]]
    ) -> Windows:
        near = np.bitwise_count(query[at] ^ self.items[found]) <= SEED_BITS
        at, found = at[near], found[near]
        place = np.searchsorted(self.starts, found, side="right") - 1
        listed, lengths = found - self.starts[place], np.diff(self.starts)[place]
        width = np.minimum(lengths, min(WINDOW, len(query)))
        back = np.minimum(width // 2, np.minimum(at, listed))
        begin, other = at - back, listed - back
        over = np.maximum(0, np.maximum(begin + width - len(query), other + width - lengths))
        begin, other = begin - over, other - over
        windows = Windows(place, begin, other, width, np.zeros_like(width))
        windows = windows.chosen((begin >= 0) & (other >= 0))
        order = np.unique(
            np.stack([windows.place, windows.query, windows.listed]), axis=1, return_index=True
        )[1]
        windows = windows.chosen(order)
        parts = [self._compared(query, windows.chosen(windows.width == w), w, gates[w]) for w in gates]
        return _joined(parts)

    def _compared(self, query: Items, windows: Windows, width: int, gate: npt.NDArray[np.bool_]) -> Windows:
        windows = windows.chosen(gate[windows.query]) if len(windows.query) else windows
        along = np.arange(width)
        here = windows.query[:, None] + along
        there = (self.starts[windows.place] + windows.listed)[:, None] + along
        errors = np.bitwise_count(query[here] ^ self.items[there]).sum(axis=1, dtype=np.int64)
        windows = Windows(windows.place, windows.query, windows.listed, windows.width, errors)
        return windows.chosen(errors <= errors_allowed(width))


class _Postings:
    """Where, in a segment's items, each value of one half occurs."""

    def __init__(self, items: Items, telling: npt.NDArray[np.uint32], shift: int) -> None:
        self._shift = shift
        keys = self._keys(items[telling])
        self._positions = telling[np.argsort(keys, kind="stable")]
        self._offsets = np.concatenate([[0], np.cumsum(np.bincount(keys, minlength=_KEYS))]).astype(np.int64)

    def _keys(self, items: Items) -> npt.NDArray[np.uint16]:
        return ((items >> np.uint32(self._shift)) & np.uint32(0xFFFF)).astype(np.uint16)

    def pairs(self, query: Items, telling: Positions) -> Iterator[tuple[Positions, Positions]]:
        """Items of the query and positions in the segment that have this half in common, in blocks."""
        keys = self._keys(query[telling]).astype(np.int64)
        begin = self._offsets[keys]
        ends = np.cumsum(self._offsets[keys + 1] - begin)
        total = int(ends[-1]) if len(ends) else 0
        for first in range(0, total, BLOCK):
            flat = np.arange(first, min(first + BLOCK, total))
            which = np.searchsorted(ends, flat, side="right")
            behind = ends[which] - flat  # counted from the end of the key's positions
            found = self._positions[self._offsets[keys[which] + 1] - behind]
            yield telling[which], found.astype(np.int64)


def _joined(parts: Sequence[Windows]) -> Windows:
    return Windows(
        np.concatenate([each.place for each in parts]),
        np.concatenate([each.query for each in parts]),
        np.concatenate([each.listed for each in parts]),
        np.concatenate([each.width for each in parts]),
        np.concatenate([each.errors for each in parts]),
    )
