"""Reads the ledger's tables as they are, whatever was done to them, for a verification.

Plain SQL, because the ORM would stop at the first value that is not of its column's type, and SQLite lets
any value be put anywhere. Pages by key, so that no long transaction keeps the database's log from shrinking.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection

from safelight.errors import LedgerMalformed
from safelight.ledger.entry import Entry, Payload
from safelight.ledger.heads import SignedHead, TreeHead
from safelight.ledger.tree import Frontier

_PAGE: Final = 500
_ROWS: Final = """
    SELECT leaf."index", leaf.leaf_hash, leaf.row_id, r.id, r.at, r.event, r.actor, r.subject,
           r.payload_digest, payload.row_id, payload.body, payload.salt
    FROM ledger_ledgerleaf leaf
    LEFT JOIN ledger_ledgerrow r ON r.id = leaf.row_id
    LEFT JOIN ledger_ledgerpayload payload ON payload.row_id = r.id
    WHERE leaf."index" >= %s AND leaf."index" < %s ORDER BY leaf."index" LIMIT %s
"""
_HEADS: Final = """
    SELECT size, root, at, key_id, signature, frontier FROM ledger_ledgerhead
    WHERE size > %s ORDER BY size LIMIT %s
"""
_LOWEST: Final = -(2**63)


@dataclass(frozen=True, slots=True)
class PlacedRow:
    """A leaf with its row and details, as far as they make sense; ``entry`` is None where they make none.

    ``details`` is None where there are none, and where they were erased, which ``blank`` tells apart.
    """

    index: int
    leaf: bytes
    row_id: str
    entry: Entry | None
    blank: bool
    details: Payload | None


@dataclass(frozen=True, slots=True)
class StoredHead:
    """A head's size and what it says; None where its columns make no head, or its frontier another tree."""

    size: int
    signed: SignedHead | None


def placed_rows(size: int) -> Iterator[PlacedRow]:
    """Every row whose place is below ``size``, in the order of the places."""
    start = _LOWEST
    while page := _select(_ROWS, (start, size, _PAGE)):
        yield from map(_placed, page)
        start = page[-1][0] + 1


def stored_heads(origin: str) -> Iterator[StoredHead]:
    """Every head, smallest first."""
    after = _LOWEST
    while page := _select(_HEADS, (after, _PAGE)):
        for row in page:
            yield _head(origin, row)
        after = page[-1][0]


def number(statement: str, *parameters: str | int) -> int:
    """The one number that a statement selects, 0 for NULL."""
    value = _select(statement, parameters)[0][0]
    return value if isinstance(value, int) else 0


def texts(statement: str, *parameters: str | int) -> list[str]:
    """The first column of what a statement selects, as text."""
    return [_text_of_id(row[0]) for row in _select(statement, parameters)]


def _select(statement: str, parameters: Sequence[str | int]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def _placed(row: tuple[Any, ...]) -> PlacedRow:
    index, leaf, place_of, id_, at, event, actor, subject, digest, payload_of, body, salt = row
    try:
        entry = Entry(_uuid(id_), _time(at), _text(event), _text(actor), _text(subject), _bytes(digest))
    except LedgerMalformed:
        entry = None
    details = None
    if payload_of is not None and (body is not None or salt is not None):
        details = Payload(_bytes_or_none(body), _bytes_or_none(salt))
    blank = payload_of is not None and details is None
    return PlacedRow(index, _bytes_or_none(leaf), _text_of_id(place_of), entry, blank, details)


def _head(origin: str, row: tuple[Any, ...]) -> StoredHead:
    size, root, at, key_id, signature, frontier = row
    if not isinstance(size, int):
        return StoredHead(0, None)
    try:
        signed = SignedHead(TreeHead(origin, size, _bytes(root), _time(at)), _text(key_id), _bytes(signature))
        tree = Frontier.parse(_bytes(frontier))
    except LedgerMalformed:
        return StoredHead(size, None)
    whole = (tree.size, tree.root()) == (size, signed.head.root)
    return StoredHead(size, signed if whole else None)


def _uuid(value: object) -> UUID:
    """PostgreSQL's driver gives UUIDs; in SQLite they are 32 hexadecimal digits, in this one form."""
    if isinstance(value, UUID):
        return value
    try:
        found = UUID(hex=_text(value))
    except ValueError:
        raise LedgerMalformed("An id is none.") from None
    if found.hex != value:
        raise LedgerMalformed("An id is not in its one form.")
    return found


def _time(value: object) -> datetime:
    """PostgreSQL's driver gives aware times; in SQLite they are text, in UTC."""
    if isinstance(value, datetime):
        return value
    try:
        found = datetime.fromisoformat(_text(value))
    except ValueError:
        raise LedgerMalformed("A time is none.") from None
    if found.tzinfo is not None or str(found) != value:
        raise LedgerMalformed("A time is not in its one form.")
    return found.replace(tzinfo=UTC)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise LedgerMalformed("A text is none.")
    return value


def _bytes(value: object) -> bytes:
    if not isinstance(value, (bytes, memoryview)):
        raise LedgerMalformed("A value is no bytes.")
    return bytes(value)


def _bytes_or_none(value: object) -> bytes:
    """Empty for what is no bytes, which no digest and no leaf hash fits."""
    return bytes(value) if isinstance(value, (bytes, memoryview)) else b""


def _text_of_id(value: object) -> str:
    return value.hex if isinstance(value, UUID) else str(value)
