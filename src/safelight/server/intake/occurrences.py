"""Writes one occurrence with what was told about it, in the transaction of its arrival."""

from __future__ import annotations

from safelight.server.ids import new_id, now
from safelight.server.intake.arrivals import Arrival, ScannedFile, Words
from safelight.server.intake.events import Event
from safelight.server.intake.items import account_of
from safelight.server.intake.models import Account, Intake, IpEvent, Item, Occurrence
from safelight.server.intake.record_keys import RecordKeys
from safelight.server.intake.told import ip_event, seal_occurrence
from safelight.server.ledger.services import record


def write_occurrence(
    arrival: Arrival, thing: ScannedFile | Words, intake: Intake, item: Item | None, keys: RecordKeys
) -> Occurrence:
    """The occurrence, its addresses and its ledger row. ``item`` is locked, and None for words."""
    occurrence = occurrence_of(arrival, intake, item, account_of(arrival.context.account, keys), keys)
    if isinstance(thing, ScannedFile):
        assert item is not None
        occurrence.first_seen = not item.occurrences.exists()
        if matches := thing.scanned.result.observation.matches:
            occurrence.match_tag = keys.match_tag(matches)
    else:
        tags = keys.content_tags(thing.kind, thing.content)
        occurrence.content_tag = tags[0]
        occurrence.first_seen = not Occurrence.objects.filter(content_tag__in=tags).exists()
        setattr(occurrence, thing.kind, keys.seal_content(thing.kind, occurrence.pk, thing.content))
    occurrence.save(force_insert=True)
    IpEvent.objects.bulk_create(ip_event(keys, occurrence, seen) for seen in arrival.context.ip_events)
    record(
        Event.OCCURRENCE_RECORDED,
        arrival.actor,
        subject=occurrence.pk,
        payload={
            "kind": intake.kind,
            "item": str(item.pk) if item else None,
            "outcome": intake.outcome or None,
            "first_seen": occurrence.first_seen,
        },
    )
    return occurrence


def occurrence_of(
    arrival: Arrival, intake: Intake, item: Item | None, account: Account | None, keys: RecordKeys
) -> Occurrence:
    """An unsaved occurrence, with what the context tells."""
    context, id_ = arrival.context, new_id()
    return Occurrence(
        id=id_,
        intake=intake,
        item=item,
        account=account,
        surface=arrival.surface,
        country=context.country,
        visibility=context.visibility,
        private=arrival.private_scan(),
        told=seal_occurrence(keys, id_, context),
        occurred_at=context.occurred_at,
        recorded_at=now(),
    )
