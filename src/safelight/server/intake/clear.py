"""Clear uploads of files not seen before, which are nearly all there are: written many in one commit.

What is written is what :mod:`.recording` writes. Anything out of the ordinary is left to it: a file or a
commit that is there already, and whatever is not clear.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db import IntegrityError, OperationalError, transaction

from safelight.server.intake.answers import Received
from safelight.server.intake.arrivals import Arrival, ScannedFile
from safelight.server.intake.events import Event
from safelight.server.intake.items import account_of, is_kept, new_item
from safelight.server.intake.legal import Permitted
from safelight.server.intake.models import Account, Intake, IpEvent, Item, Occurrence
from safelight.server.intake.occurrences import occurrence_of
from safelight.server.intake.record_keys import RecordKeys, record_keys
from safelight.server.intake.recording import intake_of, rolled_back, take_in
from safelight.server.intake.told import ip_event
from safelight.server.ledger.services import JSON, Recorded, record_all
from safelight.server.lists.arrivals import rows_of_new
from safelight.server.lists.models import SeenHash
from safelight.server.rows import insert_rows
from safelight.server.together import Together, WrittenTogether
from safelight.types import Outcome


@dataclass(frozen=True, slots=True)
class _Clear:
    arrival: Arrival
    file: ScannedFile
    permitted: Permitted
    tags: tuple[bytes, ...]
    kept: bool


def is_plainly_clear(arrival: Arrival, file: ScannedFile) -> bool:
    """Whether :func:`take_in_clear` may write it: nobody disclosed it, and nobody has to look at it."""
    clear = file.scanned.result.verdict.outcome is Outcome.CLEAR
    return clear and not arrival.told_by_somebody and not file.scanned.result.observation.matches


def take_in_clear(arrival: Arrival, file: ScannedFile, permitted: Permitted) -> Received:
    """Write a clear upload with others that come at the same time; returns and raises as ``take_in``."""
    keys = record_keys()
    kept = is_kept(arrival, file, settings.CONFIG.retention.seen_days)
    one = _Clear(arrival, file, permitted, tuple(keys.item_tags(file.scanned.sha256)) if kept else (), kept)
    try:
        received = _together(one)
    except WrittenTogether as failed:
        cause = failed.__cause__
        nothing_left = isinstance(cause, OperationalError) and rolled_back(cause)
        if not isinstance(cause, IntegrityError) and not nothing_left:
            assert cause is not None
            raise cause from None
        received = None
    return received or take_in(arrival, file, permitted)


def _write(batch: Sequence[_Clear]) -> list[Received | None]:
    keys = record_keys()
    with transaction.atomic():
        new = _never_seen(batch)
        accounts = _accounts({one.arrival.context.account for one in new if one.kept}, keys)
        return _rows_of(batch, new, accounts, keys)


def _never_seen(batch: Sequence[_Clear]) -> list[_Clear]:
    """Those whose file no record knows, in the order of tags: two processes never wait for each other."""
    asked = [tag for one in batch for tag in one.tags]
    known = (
        {bytes(tag) for tag in Item.objects.filter(tag__in=asked).values_list("tag", flat=True)}
        if asked
        else set()
    )
    new = []
    for one in sorted(batch, key=lambda one: one.tags):
        if not known.intersection(one.tags):
            known.update(one.tags)
            new.append(one)
    return new


def _accounts(names: set[str], keys: RecordKeys) -> dict[str, Account | None]:
    return {name: account_of(name, keys) for name in sorted(names)}


def _rows_of(
    batch: Sequence[_Clear], new: list[_Clear], accounts: dict[str, Account | None], keys: RecordKeys
) -> list[Received | None]:
    intakes: list[Intake] = []
    items: list[Item] = []
    occurrences: list[Occurrence] = []
    addresses: list[IpEvent] = []
    seen: list[SeenHash] = []
    recorded: list[Recorded] = []
    written: dict[int, Received] = {}
    for one in new:
        verdict = one.file.scanned.result.verdict
        intake = intake_of(one.arrival, one.permitted, verdict, keys if one.kept else None)
        intakes.append(intake)
        if not one.kept:
            written[id(one)] = Received(verdict, intake.pk)
            continue
        item = new_item(one.file.scanned, keys, one.tags[0])
        occurrence = occurrence_of(one.arrival, intake, item, accounts[one.arrival.context.account], keys)
        items.append(item)
        occurrences.append(occurrence)
        seen += rows_of_new(occurrence, one.file.scanned.result.observation)
        addresses += [ip_event(keys, occurrence, seen) for seen in one.arrival.context.ip_events]
        details: dict[str, JSON] = {
            "kind": intake.kind,
            "item": str(item.pk),
            "outcome": intake.outcome,
            "first_seen": True,
        }
        recorded.append(Recorded(Event.OCCURRENCE_RECORDED, one.arrival.actor, occurrence.pk, details))
        written[id(one)] = Received(verdict, intake.pk, item.pk, occurrence.pk)
    # Items first: who is first to insert one of the same tag makes the others wait here, and begin anew.
    for rows in (items, intakes, occurrences, addresses, seen):
        insert_rows(rows)
    record_all(recorded)
    return [written.get(id(one)) for one in batch]


_together: Final = Together(_write)
