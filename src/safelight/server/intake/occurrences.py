"""Writes one occurrence with what was told about it, in the transaction of its arrival."""

from __future__ import annotations

from safelight.server.ids import new_id, now
from safelight.server.intake.arrivals import Arrival, ScannedFile, Words
from safelight.server.intake.events import Event
from safelight.server.intake.items import account_of
from safelight.server.intake.models import Intake, IpEvent, Item, Occurrence
from safelight.server.intake.record_keys import RecordKeys
from safelight.server.intake.told import ip_event, seal_occurrence
from safelight.server.ledger.services import record


def write_occurrence(
    arrival: Arrival, thing: ScannedFile | Words, intake: Intake, item: Item | None, keys: RecordKeys
) -> Occurrence:
    """The occurrence, its addresses and its ledger row. ``item`` is locked, and None for words."""
    context = arrival.context
    occurrence = Occurrence(
        id=new_id(),
        intake=intake,
        item=item,
        account=account_of(context.account, keys),
        surface=arrival.surface,
        country=context.country,
        visibility=context.visibility,
        private=arrival.private_scan(),
        occurred_at=context.occurred_at,
        recorded_at=now(),
    )
    occurrence.told = seal_occurrence(keys, occurrence.pk, context)
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
    IpEvent.objects.bulk_create(ip_event(keys, occurrence, seen) for seen in context.ip_events)
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
