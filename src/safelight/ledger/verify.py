"""Proves a ledger whole from its rows and signed heads, or says where it was changed and what shows it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from safelight.ledger.heads import HeadVerifier, SignedHead, is_signed_by_any
from safelight.ledger.tree import Frontier, leaf_hash


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A row as it was found: its place, its canonical bytes, and the leaf hash that the sequencer stored.

    ``canonical`` is :meth:`Entry.canonical <safelight.ledger.entry.Entry.canonical>` of the row's columns, or
    empty where the columns make no entry any more.
    """

    index: int
    canonical: bytes
    leaf: bytes


class Fault(StrEnum):
    """What is wrong."""

    CHANGED = "changed"
    """The row's bytes, or its stored leaf hash, are not what the sequencer hashed."""
    MISSING = "missing"
    """There is no row of this index."""
    OUT_OF_PLACE = "out_of_place"
    """A row has an index that was already passed: repeated, inserted or reordered."""
    REWRITTEN = "rewritten"
    """Somewhere in this range rows and leaf hashes were both changed: they no longer make the signed root."""
    FORGED_HEAD = "forged_head"
    """A head that none of the known keys signed."""
    FORKED = "forked"
    """Two signed heads give the same number of rows different roots: history was rewritten between them."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault in rows ``first`` to ``last`` (indexes from 0; for a head, the rows it covers).

    ``heads`` are the sizes of the signed heads that cover ``first``, smallest first.
    """

    fault: Fault
    first: int
    last: int
    heads: tuple[int, ...] = ()

    def __str__(self) -> str:
        where = f"row {self.first}" if self.first == self.last else f"rows {self.first} to {self.last}"
        shown = f"; covered by {len(self.heads)} signed heads from size {self.heads[0]}" if self.heads else ""
        return f"{self.fault.replace('_', ' ')}: {where}{shown}"


@dataclass(frozen=True, slots=True)
class Verification:
    """What a verification found.

    ``proven`` rows lie below the largest signed head that could be confirmed; of those, the findings tell
    which are not what they were. The rest is not signed yet, or lies behind something that breaks the proof.
    Rows cut off together with every head that covered them cannot be missed here: verify with heads kept
    elsewhere.
    """

    rows: int
    proven: int
    findings: tuple[Finding, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether nothing was found wrong, which says nothing of unproven rows."""
        return not self.findings

    @property
    def unproven(self) -> int:
        """How many rows no confirmed head covers."""
        return self.rows - self.proven

    @property
    def first_bad(self) -> int | None:
        """The lowest index at which something is wrong."""
        return min((finding.first for finding in self.findings), default=None)


def verify(
    rows: Iterable[StoredRow], heads: Iterable[SignedHead], verifiers: Sequence[HeadVerifier]
) -> Verification:
    """Read all rows, in the order of their index, against all heads, from the database and from elsewhere.

    Memory does not grow with the rows. One change is located exactly where the leaf hash still tells, else
    between two heads; behind a range that was rewritten nothing can be proven any more.
    """
    signed: list[SignedHead] = []
    forged: list[SignedHead] = []
    for head in heads:
        (signed if is_signed_by_any(head, verifiers) else forged).append(head)
    reading = _Reading(signed)
    for row in rows:
        reading.take(row)
    reading.end()
    found = [Finding(Fault.FORGED_HEAD, 0, max(0, head.head.size - 1)) for head in forged]
    findings = sorted([*found, *reading.findings], key=lambda finding: (finding.first, finding.last))
    return Verification(reading.rows, reading.proven, tuple(reading.covered(f) for f in findings))


class _Reading:
    """One pass over the rows, with two trees: of the stored leaf hashes, and of the rows' own."""

    def __init__(self, heads: list[SignedHead]) -> None:
        self._roots: dict[int, set[bytes]] = {}
        for signed in heads:
            self._roots.setdefault(signed.head.size, set()).add(signed.head.root)
        self._sizes = sorted(self._roots)
        self._stored: Frontier | None = Frontier()
        self._computed: Frontier | None = Frontier()
        self._next = 0
        self.rows = 0
        self.proven = 0
        self.findings: list[Finding] = [
            Finding(Fault.FORKED, 0, max(0, size - 1)) for size in self._sizes if len(self._roots[size]) > 1
        ]
        self._compare()

    def take(self, row: StoredRow) -> None:
        self.rows += 1
        if row.index < self._next:
            self._find(Fault.OUT_OF_PLACE, row.index, row.index)
            return
        if row.index > self._next:
            self._find(Fault.MISSING, self._next, row.index - 1)
            self._stored = self._computed = None
        computed = leaf_hash(row.canonical)
        if computed != row.leaf:
            self._find(Fault.CHANGED, row.index, row.index)
        self._stored = _appended(self._stored, row.leaf)
        self._computed = _appended(self._computed, computed)
        self._next = row.index + 1
        self._compare()

    def end(self) -> None:
        largest = self._sizes[-1] if self._sizes else 0
        if largest > self._next:
            self._find(Fault.MISSING, self._next, largest - 1)

    def covered(self, finding: Finding) -> Finding:
        """The finding with the heads that cover its first row."""
        return replace(finding, heads=tuple(size for size in self._sizes if size > finding.first))

    def _compare(self) -> None:
        """Hold the trees against the head of this size, if there is one."""
        expected = self._roots.get(self._next)
        if expected is None or (self._stored is None and self._computed is None):
            return
        good_stored = self._stored is not None and self._stored.root() in expected
        good_computed = self._computed is not None and self._computed.root() in expected
        if not good_stored and not good_computed:
            self._find(Fault.REWRITTEN, self.proven, max(self.proven, self._next - 1))
            self._stored = self._computed = None
            return
        # The tree that the head confirms is the true one, whichever column was touched.
        self._stored = self._computed = self._stored if good_stored else self._computed
        self.proven = self._next

    def _find(self, fault: Fault, first: int, last: int) -> None:
        """Note a fault, as one finding with the same fault of the rows just before."""
        before = self.findings[-1] if self.findings else None
        if before is not None and before.fault is fault and before.last + 1 == first:
            self.findings[-1] = replace(before, last=last)
        else:
            self.findings.append(Finding(fault, first, last))


def _appended(tree: Frontier | None, leaf: bytes) -> Frontier | None:
    """One more leaf; a leaf column that holds no hash makes no tree."""
    return None if tree is None or len(leaf) != 32 else tree.append(leaf)
