"""Entries that wait for people: sealed apart from what is searched, admitted or discarded as a batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final
from uuid import UUID

from django.db import transaction

from safelight.keys import Purpose, Sealer, Tagger
from safelight.lists.store import Added
from safelight.server.ids import new_id, now
from safelight.server.lists.models import HashList, WaitingBatch, WaitingEntry
from safelight.server.lists.process_store import list_store
from safelight.server.lists.store import BATCH
from safelight.server.secrets import process_keys
from safelight.types import ListEntry, Signal
from safelight.values import unpack

AT_ONCE: Final = BATCH
"""Entries that an approval admits in its own transaction; more are admitted by a job, batch by batch."""


def keep_waiting(row: HashList, batch: WaitingBatch, entries: Iterable[tuple[ListEntry, bytes, str]]) -> int:
    """Seal entries into a batch, with why each waits; how many. Call it in a transaction."""
    ring = process_keys()
    sealer, tagger = Sealer(ring, Purpose.RECORD_SEAL), Tagger(ring, Purpose.RECORD_LOOKUP)
    kept, told = 0, iter(entries)
    while some := list(islice(told, BATCH)):
        rows = []
        for entry, raw, why in some:
            uid, type_ = new_id(), entry.signal.type
            rows.append(
                WaitingEntry(
                    batch=batch,
                    uid=uid,
                    signal_type=type_,
                    tag=tagger.tag(_message(row, type_, raw)),
                    sealed=sealer.seal(raw, _place(uid)),
                    key=entry.key,
                    classification=entry.classification,
                    flags=" ".join(sorted(entry.flags)),
                    why=why,
                )
            )
        WaitingEntry.objects.bulk_create(rows)
        kept += len(rows)
    return kept


def already_waiting(row: HashList, signal_type: str, raws: Sequence[bytes]) -> set[bytes]:
    """Which of these values of a type wait for the list already, so that a sync adds none twice."""
    ring = process_keys()
    taggers = [Tagger(ring, Purpose.RECORD_LOOKUP, id_) for id_ in ring.ids_in_order()]
    tags = {tagger.tag(_message(row, signal_type, raw)): raw for raw in raws for tagger in taggers}
    there = WaitingEntry.objects.filter(
        tag__in=tags, batch__list=row, batch__state=WaitingBatch.State.WAITING
    )
    return {tags[bytes(tag)] for tag in there.values_list("tag", flat=True)}


def admit_some(batch: WaitingBatch) -> Added | None:
    """List the next entries of an approved batch, in one transaction; None when nothing is left."""
    with transaction.atomic():
        some = list(batch.entries.order_by("id")[:BATCH])
        if not some:
            return None
        opened = list(_opened(batch.list.name, some))
        added = list_store().add_packed(opened, by_two=True)
        WaitingEntry.objects.filter(pk__in=[entry.pk for entry in some]).delete()
        return added


def signals_of(batch: WaitingBatch, key: str | None = None) -> Iterator[ListEntry]:
    """The entries of a waiting batch, opened; for previews within this process only."""
    rows = batch.entries.order_by("id")
    for entry, _raw in _opened(batch.list.name, rows if key is None else rows.filter(key=key)):
        yield entry


def discard(batch: WaitingBatch) -> int:
    """Delete what waits in a batch, and say so on it; how many entries went."""
    gone, _ = batch.entries.all().delete()
    batch.state, batch.settled_at = WaitingBatch.State.DISCARDED, now()
    batch.save(update_fields=["state", "settled_at"])
    return gone


def _opened(name: str, rows: Iterable[WaitingEntry]) -> Iterator[tuple[ListEntry, bytes]]:
    sealer = Sealer(process_keys(), Purpose.RECORD_SEAL)
    for row in rows:
        raw = sealer.open(bytes(row.sealed), _place(row.uid))
        signal = Signal(row.signal_type, unpack(row.signal_type, raw))
        yield ListEntry(name, row.key, signal, row.classification, frozenset(row.flags.split())), raw


def _message(row: HashList, signal_type: str, raw: bytes) -> bytes:
    return b"waiting\0" + row.uid.bytes + signal_type.encode() + b"\0" + raw


def _place(uid: UUID) -> bytes:
    return b"safelight/server/waiting/" + uid.bytes
