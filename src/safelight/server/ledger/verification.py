"""Proves the whole ledger from what the database holds and the heads kept elsewhere, or says what is wrong.

Beyond the tree, which the core proves, it holds the ledger against what its own writer always leaves: every
placed row is signed, every row has a place or waits for one, details fit their digests, and whatever was
erased is on record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

from django.db import Error as AnyDatabaseError

from safelight.errors import LedgerError, LedgerMalformed
from safelight.ledger.entry import LedgerEvent
from safelight.ledger.heads import HeadVerifier, SignedHead
from safelight.ledger.verify import StoredRow, Verification, verify
from safelight.server.ledger.services import NO_PAYLOAD
from safelight.server.ledger.signing import origin, verifiers
from safelight.server.ledger.stored import Kept, PlacedRow, number, placed_rows, stored_heads
from safelight.server.ledger.strays import NAMED, strays

Progress: TypeAlias = Callable[[int, int], None]
_EVERY: Final = 500


class Fault(StrEnum):
    """What placed rows and heads show to be wrong, beside the faults of the core's ``verify``."""

    HEAD_DAMAGED = "head_damaged"
    """A stored head's columns make no head, or carry on another tree than it says."""
    UNKNOWN_KEY = "unknown_key"
    """A head of a key that this ledger does not say it ever had."""
    UNSIGNED = "unsigned"
    """Placed rows that no confirmed head covers; the sequencer never leaves any."""
    DETAILS_CHANGED = "details_changed"
    DETAILS_GONE = "details_gone"
    """Details are missing, or were blanked without an erasure on record."""
    KEPT_HEADS_DAMAGED = "kept_heads_damaged"
    """The heads kept elsewhere cannot be read to the end."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: places ``first`` to ``last`` (from 0), or rows without a place, by id."""

    fault: str
    text: str
    first: int | None = None
    last: int | None = None
    rows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LedgerReport:
    """What a verification found. ``proven`` of ``rows`` placed rows lie under a confirmed head.

    ``waiting`` rows were written in the last second. ``former_heads`` were signed with a key that the ledger
    says it had, but whose root key is no longer held: they were not used, and nothing rests on them.
    """

    rows: int
    proven: int
    waiting: int
    erased: int
    heads: int
    kept_heads: int
    former_heads: int
    key: str
    findings: tuple[Finding, ...]

    @property
    def is_whole(self) -> bool:
        """Whether nothing at all was found wrong."""
        return not self.findings


def verify_all(
    progress: Progress = lambda _done, _total: None,
    *,
    kept: Iterable[SignedHead] = (),
    trusted: Sequence[HeadVerifier] = (),
) -> LedgerReport:
    """Read every row and every head; ``kept`` are heads, and ``trusted`` keys, known from elsewhere.

    Memory grows with the heads, not with the rows; the server may go on writing. Raises
    :class:`~safelight.errors.LedgerError` when the database cannot read its own tables.
    """
    try:
        return _Examination(progress, [*verifiers(), *trusted]).run(kept)
    except AnyDatabaseError as error:
        raise LedgerError(
            f"The database could not read its ledger ({type(error).__name__}). Check its disk, or restore it."
        ) from error


@dataclass(slots=True)
class _Examination:
    """One run, and what it noticed on the way."""

    progress: Progress
    verifiers: list[HeadVerifier]
    findings: list[Finding] = field(default_factory=list)
    erased: int = 0
    former_keys: dict[str, int] = field(default_factory=dict)
    """Key ids, each with the place of the row that says it was replaced."""

    def run(self, kept: Iterable[SignedHead]) -> LedgerReport:
        # In this order: what is kept elsewhere was in the database before.
        elsewhere = list(self._kept_heads(kept))
        stored = list(self._stored_heads())
        known = {verifier.key_id for verifier in self.verifiers}
        heads = [*stored, *elsewhere]
        size = max((head.head.size for head in stored), default=0)
        tree = verify(self._rows(size), [head for head in heads if head.key_id in known], self.verifiers)
        self._of_the_tree(tree)
        former = self._former([head for head in heads if head.key_id not in known], tree)
        self._beyond(size)
        self._without_place()
        return LedgerReport(
            rows=tree.rows,
            proven=tree.proven,
            waiting=number("SELECT count(*) FROM ledger_ledgerpending"),
            erased=self.erased,
            heads=len(stored),
            kept_heads=len(elsewhere),
            former_heads=former,
            key=self.verifiers[0].to_text(),
            findings=tuple(self.findings),
        )

    def _find(self, fault: str, text: str, first: int | None = None, last: int | None = None) -> None:
        self.findings.append(Finding(fault, text, first, first if last is None else last))

    def _stored_heads(self) -> Iterator[SignedHead]:
        for head in stored_heads(origin()):
            if head.signed is None:
                what = f"The head of {head.size} rows is not what the sequencer stored."
                self._find(Fault.HEAD_DAMAGED, what, 0, max(0, head.size - 1))
            else:
                yield head.signed

    def _kept_heads(self, kept: Iterable[SignedHead]) -> Iterator[SignedHead]:
        try:
            yield from kept
        except (LedgerMalformed, UnicodeDecodeError):
            what = "A file among the heads kept elsewhere is not a head; those after it were not read."
            self._find(Fault.KEPT_HEADS_DAMAGED, what)

    def _rows(self, size: int) -> Iterator[StoredRow]:
        for row in placed_rows(size):
            if row.index % _EVERY == 0:
                self.progress(row.index, size)
            self._details(row)
            entry = row.entry
            if entry is not None and entry.event == LedgerEvent.KEY_ROTATED:
                self.former_keys.setdefault(entry.subject, row.index)
            yield StoredRow(row.index, b"" if entry is None else entry.canonical(), row.leaf)
        self.progress(size, size)

    def _details(self, row: PlacedRow) -> None:
        digest = None if row.entry is None else row.entry.payload_digest
        if row.kept is Kept.ERASED:
            self.erased += 1
        elif row.kept is Kept.BLANK:
            what = f"The details of row {row.index} were blanked, and no erasure is on record."
            self._find(Fault.DETAILS_GONE, what, row.index)
        elif row.kept is Kept.NONE and digest not in {None, NO_PAYLOAD}:
            self._find(Fault.DETAILS_GONE, f"The details of row {row.index} are missing.", row.index)
        elif row.details is not None and row.entry is not None and not row.details.belongs_to(row.entry):
            what = f"The details of row {row.index} are not those that it was written with."
            self._find(Fault.DETAILS_CHANGED, what, row.index)

    def _of_the_tree(self, tree: Verification) -> None:
        for found in tree.findings:
            self._find(found.fault, str(found), found.first, found.last)
        if tree.unproven and tree.is_whole:
            what = f"The last {tree.unproven} of {tree.rows} placed rows lie under no confirmed head."
            self._find(Fault.UNSIGNED, what, tree.proven, tree.rows - 1)

    def _former(self, heads: Sequence[SignedHead], tree: Verification) -> int:
        """How many heads are of keys that a proven row says were replaced after them; others are findings."""
        former = 0
        for signed in heads:
            replaced = self.former_keys.get(signed.key_id, -1)
            if signed.head.size <= replaced < tree.proven:
                former += 1
            else:
                what = f"The head of {signed.head.size} rows is of the unknown key {signed.key_id}."
                self._find(Fault.UNKNOWN_KEY, what, 0, max(0, signed.head.size - 1))
        return former

    def _beyond(self, size: int) -> None:
        """Rows placed while this ran are signed by now: the newest head is read after the last place."""
        last = number('SELECT max("index") + 1 FROM ledger_ledgerleaf')
        signed = max(size, number("SELECT max(size) FROM ledger_ledgerhead"))
        if last > signed:
            self._find(
                Fault.UNSIGNED, f"Rows {signed} to {last - 1} lie under no signed head.", signed, last - 1
            )

    def _without_place(self) -> None:
        for stray in strays():
            more = " and more" if len(stray.rows) == NAMED else ""
            text = f"{stray.what}: {', '.join(stray.rows)}{more}."
            self.findings.append(Finding(stray.kind, text, rows=stray.rows))
