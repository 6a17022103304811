"""What lists take from an arrival: what they hit, and hashes that later entries are compared with."""

from __future__ import annotations

from django.conf import settings

from safelight.server.ids import now
from safelight.server.intake.arrivals import Arrival
from safelight.server.intake.models import Item, Occurrence
from safelight.server.lists.hits import keep_hits
from safelight.server.lists.seen import keep_seen
from safelight.types import Observation


def note_arrival(arrival: Arrival, item: Item, occurrence: Occurrence, observation: Observation) -> None:
    """Count hits and keep hashes, in the transaction that records a scanned file.

    Of private communications that nobody disclosed no hash is kept, matched or not.
    """
    keep_hits(occurrence, observation.matches)
    said_private = arrival.context.visibility == Occurrence.Visibility.PRIVATE
    private = not arrival.told_by_somebody and (said_private or arrival.private_scan())
    if not private and settings.CONFIG.retention.seen_days > 0:
        keep_seen(item, observation.signals, now())
