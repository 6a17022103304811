"""The one way in for entries: screened, then listed, kept for two people, or set apart.

The console, the API, imports and exchanges all come through here. The store itself refuses additions to lists
that take two people from anywhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from django.db import transaction

from safelight.errors import UsageError
from safelight.lists.checks import is_plain_text
from safelight.lists.store import Added
from safelight.lists.videos import stored_entries
from safelight.server.ids import now
from safelight.server.ledger.services import record
from safelight.server.lists.alarms import Alarm, alarm
from safelight.server.lists.events import Event
from safelight.server.lists.models import HashList, WaitingBatch
from safelight.server.lists.opaque_keys import opaque
from safelight.server.lists.process_store import list_store
from safelight.server.lists.screening import unfit
from safelight.server.lists.store import BATCH
from safelight.server.lists.waiting import already_waiting, keep_waiting
from safelight.server.people.actors import Actor
from safelight.types import ListEntry
from safelight.values import pack

Packed = tuple[ListEntry, bytes]


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of the entries offered: listed, set apart, or waiting for people in ``batch``."""

    added: Added = field(default_factory=Added)
    quarantined: int = 0
    waiting: int = 0
    batch: WaitingBatch | None = None


def take_in(actor: Actor, row: HashList, entries: Iterable[ListEntry]) -> Taken:
    """List entries of a source, batch by batch; what was committed before a failure stays.

    Raises :class:`~safelight.errors.UsageError` for a malformed value, without repeating it.
    """
    total, apart = Added(), 0
    for fit, unfit_ones in _screened(entries):
        with transaction.atomic():
            listed = _not_set_apart(row, fit)
            added = list_store().add_packed(listed) if listed else Added()
            apart += _set_apart(actor, row, unfit_ones)
            if added.added or added.updated:
                record(
                    Event.ENTRIES_ADDED,
                    actor,
                    subject=row.uid,
                    payload={"added": added.added, "updated": added.updated, "known": added.known},
                )
        total += added
    return Taken(total, apart)


def stage(actor: Actor, row: HashList, entries: Iterable[ListEntry], batch: WaitingBatch) -> Taken:
    """Keep entries waiting for two people in a batch that was made for them."""
    kept = apart = 0
    for fit, unfit_ones in _screened(entries):
        with transaction.atomic():
            kept += keep_waiting(row, batch, ((entry, raw, "") for entry, raw in fit))
            apart += _set_apart(actor, row, unfit_ones)
    with transaction.atomic():
        record(
            Event.ENTRIES_PROPOSED,
            actor,
            subject=row.uid,
            payload={"batch": str(batch.pk), "entries": kept, "reason": batch.reason},
        )
    return Taken(quarantined=apart, waiting=kept, batch=batch)


def _not_set_apart(row: HashList, entries: list[Packed]) -> list[Packed]:
    """Those whose value is not in the list's quarantine: the next sync must not bring it back."""
    apart = row.batches.filter(kind=WaitingBatch.Kind.QUARANTINE, state=WaitingBatch.State.WAITING)
    if not entries or not apart.exists():
        return entries
    by_type: dict[str, list[bytes]] = {}
    for entry, raw in entries:
        by_type.setdefault(entry.signal.type, []).append(raw)
    there = {(type_, raw) for type_, raws in by_type.items() for raw in already_waiting(row, type_, raws)}
    return [(entry, raw) for entry, raw in entries if (entry.signal.type, raw) not in there]


def _screened(
    entries: Iterable[ListEntry],
) -> Iterator[tuple[list[Packed], list[tuple[ListEntry, bytes, str]]]]:
    offered = (stored for told in entries for stored in stored_entries(told))
    while some := list(islice(offered, BATCH)):
        fit: list[Packed] = []
        apart: list[tuple[ListEntry, bytes, str]] = []
        for told in some:
            raw = _packed(told)
            entry = opaque(told)
            if why := unfit(entry.signal.type, raw):
                apart.append((entry, raw, why))
            else:
                fit.append((entry, raw))
        yield fit, apart


def _packed(entry: ListEntry) -> bytes:
    if not entry.key or not is_plain_text(entry.key):
        raise UsageError(f"An entry of list {entry.list!r} needs a key of printable characters.")
    try:
        return pack(entry.signal.type, entry.signal.value)
    except ValueError as error:
        raise UsageError(f"Entry {entry.key} of list {entry.list!r} was refused: {error}.") from None


def _set_apart(actor: Actor, row: HashList, entries: Sequence[tuple[ListEntry, bytes, str]]) -> int:
    if not entries:
        return 0
    there = {
        (type_, raw)
        for type_ in {entry.signal.type for entry, _, _ in entries}
        for raw in already_waiting(row, type_, [r for e, r, _ in entries if e.signal.type == type_])
    }
    new = {(entry.signal.type, raw): (entry, raw, why) for entry, raw, why in entries}
    fresh = [told for identity, told in new.items() if identity not in there]
    if not fresh:
        return 0
    batch = WaitingBatch.objects.create(list=row, kind=WaitingBatch.Kind.QUARANTINE, made_at=now())
    kept = keep_waiting(row, batch, fresh)
    record(
        Event.ENTRIES_QUARANTINED,
        actor,
        subject=row.uid,
        payload={"batch": str(batch.pk), "entries": kept, "why": [*sorted({why for _, _, why in fresh})]},
    )
    alarm(Alarm.LIST_ENTRY_QUARANTINED, row, f"{kept:,} entries were set apart and are not searched.")
    return kept
