"""Reads the ledger's tables as they are, whatever was done to them, for a verification.

Plain SQL, because the ORM would stop at the first value that is not of its column's type, and SQLite lets
any value be put anywhere. Pages by key, so that no long transaction keeps the database's log from shrinking.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from django.db import connection

from safelight.errors import LedgerMalformed
from safelight.ledger.entry import Entry, LedgerEvent, Payload
from safelight.ledger.heads import SignedHead, TreeHead
from safelight.ledger.tree import Frontier

_PAGE: Final = 500
# Times as text: the drivers refuse some values that the databases take.
_ROWS: Final = """
    SELECT leaf."index", leaf.leaf_hash, leaf.row_id, r.id, CAST(r.at AS text), r.event, r.actor, r.subject,
           r.payload_digest, payload.row_id, payload.body, payload.salt, payload.erased_by_id,
           eraser.event, eraser.subject
    FROM ledger_ledgerleaf leaf
    LEFT JOIN ledger_ledgerrow r ON r.id = leaf.row_id
    LEFT JOIN ledger_ledgerpayload payload ON payload.row_id = r.id
    LEFT JOIN ledger_ledgerrow eraser ON eraser.id = payload.erased_by_id
    WHERE leaf."index" >= %s AND leaf."index" < %s ORDER BY leaf."index" LIMIT %s
"""
_HEADS: Final = """
    SELECT size, root, CAST(at AS text), key_id, signature, frontier FROM ledger_ledgerhead
    WHERE size > %s ORDER BY size LIMIT %s
"""
_LOWEST: Final = -(2**63)


class Kept(StrEnum):
    """How it stands with a row's details."""

    NONE = "none"
    WHOLE = "whole"
    """They are there; whether they fit the row's digest is another question."""
    ERASED = "erased"
    """Blank, and another row tells of it."""
    BLANK = "blank"
    """Blank, or in part, and no row tells of it."""


@dataclass(frozen=True, slots=True)
class PlacedRow:
    """A leaf with its row and details; ``entry`` is None where the columns make none."""

    index: int
    leaf: bytes
    entry: Entry | None
    kept: Kept
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


def number(statement: str) -> int:
    """The one number that a statement selects, 0 for NULL."""
    value = _select(statement, ())[0][0]
    return value if isinstance(value, int) else 0


def texts(statement: str) -> list[str]:
    """The first column of what a statement selects, as text."""
    return [_text_of_id(row[0]) for row in _select(statement, ())]


def _select(statement: str, parameters: Sequence[int]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor, _any_text():
        cursor.execute(statement, parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


@contextmanager
def _any_text() -> Iterator[None]:
    """SQLite lets text be no UTF-8, and its driver then refuses to read it."""
    if connection.vendor != "sqlite":
        yield
        return
    raw = connection.connection
    before = raw.text_factory
    raw.text_factory = lambda text: text.decode(errors="backslashreplace")
    try:
        yield
    finally:
        raw.text_factory = before


def _placed(row: tuple[Any, ...]) -> PlacedRow:
    index, leaf, place_of, *columns = row
    of_entry, (payload_of, *of_payload) = columns[:6], columns[6:]
    try:
        entry = _entry(of_entry)
    except LedgerMalformed:
        entry = None
    if payload_of is None:
        return PlacedRow(index, _bytes_or_none(leaf), entry, Kept.NONE, None)
    body, salt, erased_by, event, subject = of_payload
    details = None
    if body is not None and salt is not None and erased_by is None:
        kept, details = Kept.WHOLE, Payload(_bytes_or_none(body), _bytes_or_none(salt))
    elif body is salt is None and (event, subject) == (LedgerEvent.PAYLOAD_ERASED, _text_of_id(place_of)):
        kept = Kept.ERASED
    else:
        kept = Kept.BLANK
    return PlacedRow(index, _bytes_or_none(leaf), entry, kept, details)


def _entry(columns: Sequence[object]) -> Entry:
    id_, at, event, actor, subject, digest = columns
    return Entry(_uuid(id_), _time(at), _text(event), _text(actor), _text(subject), _bytes(digest))


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
    """SQLite holds text in UTC without saying so, in one form; PostgreSQL's text says so."""
    text = _text(value)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise LedgerMalformed("A time is none.") from None
    if connection.vendor == "postgresql":
        return found
    if found.tzinfo is not None or str(found) != text:
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
