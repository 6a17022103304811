"""Looks for what the ledger's own writer never leaves: rows nobody will place, parts without their row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from safelight.server.ledger.stored import texts

NAMED: Final = 20
"""How many rows of a kind are named."""


class StrayKind(StrEnum):
    """What is wrong with rows that have no place."""

    NEVER_PLACED = "never_placed"
    """It waits for no place, or makes no entry and can have none."""
    ROW_GONE = "row_gone"
    """It waits for a place, or has details, and is not there."""


@dataclass(frozen=True, slots=True)
class Stray:
    """Rows of which something is wrong, at most :data:`NAMED` of them by their ids, and what it is."""

    kind: StrayKind
    what: str
    rows: tuple[str, ...]


_UNPLACED: Final = """
    SELECT r.id FROM ledger_ledgerrow r
    LEFT JOIN ledger_ledgerleaf leaf ON leaf.row_id = r.id
    LEFT JOIN ledger_ledgerpending pending ON pending.row_id = r.id
    WHERE leaf.row_id IS NULL AND pending.row_id IS NULL
"""
_MALFORMED: Final = "SELECT row_id FROM ledger_ledgerpending WHERE malformed"
_WAITING_AND_GONE: Final = """
    SELECT pending.row_id FROM ledger_ledgerpending pending
    LEFT JOIN ledger_ledgerrow r ON r.id = pending.row_id WHERE r.id IS NULL
"""
_DETAILS_ALONE: Final = """
    SELECT payload.row_id FROM ledger_ledgerpayload payload
    LEFT JOIN ledger_ledgerrow r ON r.id = payload.row_id WHERE r.id IS NULL
"""
_SOUGHT: Final = (
    (StrayKind.NEVER_PLACED, "Rows have no place and wait for none", _UNPLACED),
    (StrayKind.NEVER_PLACED, "Rows were altered before they got a place", _MALFORMED),
    (StrayKind.ROW_GONE, "Rows that wait for a place are gone", _WAITING_AND_GONE),
    (StrayKind.ROW_GONE, "Rows are gone whose details are there", _DETAILS_ALONE),
)


def strays() -> Iterator[Stray]:
    """Every kind of stray that there is. Reads all row ids once."""
    for kind, what, statement in _SOUGHT:
        if rows := texts(f"{statement} LIMIT {NAMED}"):
            yield Stray(kind, what, tuple(rows))
