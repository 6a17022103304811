"""Adds a batch of entries within one transaction: what is new, what is known, what changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

from django.db import connection
from django.db.models import F

from safelight.lists.checks import no_such_list
from safelight.lists.row_secrets import RowKeys
from safelight.lists.store import Added
from safelight.server.lists.errors import TwoPeopleNeeded
from safelight.server.lists.models import Entry, HashList, ListState, Tally
from safelight.server.lists.rules import needs_two
from safelight.types import ListEntry

# Plain SQL, because a million rows are added at once: the ORM takes four times as long.
_INSERT: Final = (
    "INSERT INTO lists_entry"
    " (number, list_id, signal_type, tag, sealed, key, classification, flags, held_reason)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, '')"
)


class Offered(NamedTuple):
    """An entry with its packed value and the tags it may be found by, computed before any lock is taken."""

    entry: ListEntry
    raw: bytes
    tags: list[bytes]


class _NewRow(NamedTuple):
    number: int
    list_id: int
    signal_type: str
    tag: bytes
    sealed: bytes
    key: str
    classification: str | None
    flags: str


_Identity = tuple[int, str, str, bytes]


def add_batch(state: ListState, keys: RowKeys, batch: Sequence[Offered], *, by_two: bool) -> Added:
    """Add, within the transaction that holds ``state``.

    Raises :class:`~safelight.errors.NoSuchList` and, unless ``by_two``, :class:`TwoPeopleNeeded`.
    """
    rows = {row.name: row for row in HashList.objects.all()}
    list_ids = {name: row.pk for name, row in rows.items()}
    guarded = frozenset() if by_two else {name for name, row in rows.items() if needs_two(row)}
    there = _there(batch)
    fresh: dict[_Identity, _NewRow] = {}
    changed: dict[int, tuple[str | None, str]] = {}
    known = updated = 0
    for entry, raw, tags in batch:
        list_id = list_ids.get(entry.list)
        if list_id is None:
            raise no_such_list(entry.list, list_ids)
        if entry.list in guarded:
            raise TwoPeopleNeeded(
                f"Adding to the list {entry.list!r} takes two people: propose it in the console."
            )
        type_, flags = entry.signal.type, " ".join(sorted(entry.flags))
        told = (entry.classification, flags)
        identity = (list_id, entry.key, type_, tags[0])
        found = next((row for tag in tags if (row := there.get((list_id, entry.key, type_, tag)))), None)
        if (twin := fresh.get(identity)) is not None:
            same = (twin.classification, twin.flags) == told
            fresh[identity] = twin._replace(classification=entry.classification, flags=flags)
        elif found is not None:
            number, before = found
            same = changed.get(number, before) == told
            if not same:
                changed[number] = told
        else:
            state.sequence += 1
            sealed = keys.seal(state.sequence, type_, raw)
            fresh[identity] = _NewRow(state.sequence, list_id, type_, tags[0], sealed, entry.key, *told)
            continue
        known += same
        updated += not same
    for number, (classification, flags) in changed.items():
        Entry.objects.filter(number=number).update(classification=classification, flags=flags)
    insert_rows(list(fresh.values()))
    return Added(len(fresh), known, updated)


def _there(batch: Sequence[Offered]) -> dict[_Identity, tuple[int, tuple[str | None, str]]]:
    """The rows that have a tag of the batch: one question for all of it."""
    rows = Entry.objects.filter(tag__in={tag for offered in batch for tag in offered.tags}).values_list(
        "list_id", "key", "signal_type", "tag", "number", "classification", "flags"
    )
    return {
        (list_id, key, type_, bytes(tag)): (number, (classification, flags))
        for list_id, key, type_, tag, number, classification, flags in rows
    }


def insert_rows(rows: Sequence[tuple[int, int, str, bytes, bytes, str, str | None, str]]) -> None:
    """Insert rows whose numbers are theirs, and count them."""
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.executemany(_INSERT, rows)
    for (list_id, type_), count in Counter((row[1], row[2]) for row in rows).items():
        Tally.objects.get_or_create(list_id=list_id, signal_type=type_)
        Tally.objects.filter(list_id=list_id, signal_type=type_).update(entries=F("entries") + count)
