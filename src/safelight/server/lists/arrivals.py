"""What lists take from a scan: what they hit, and hashes that later entries are compared with."""

from __future__ import annotations

from django.conf import settings

from safelight.server.ids import now
from safelight.server.intake.arrivals import TOLD_BY_SOMEBODY
from safelight.server.intake.models import Intake, Occurrence, Surface
from safelight.server.lists.hits import keep_hits
from safelight.server.lists.seen import keep_seen
from safelight.types import Observation


def note_scan(occurrence: Occurrence, observation: Observation) -> None:
    """Count hits and keep hashes, in the transaction that records a scan of an occurrence's file.

    Of private communications that nobody disclosed no hash is kept, matched or not. Again does no harm: call
    it when a file that waited is scanned after all.
    """
    keep_hits(occurrence, observation.matches)
    if occurrence.item is None or settings.CONFIG.retention.seen_days == 0 or _private(occurrence):
        return
    keep_seen(occurrence.item, observation.signals, now())


def _private(occurrence: Occurrence) -> bool:
    if Intake.Kind(occurrence.intake.kind) in TOLD_BY_SOMEBODY:
        return False
    surface = occurrence.surface
    on_private = surface is not None and surface.visibility == Surface.Visibility.PRIVATE
    return on_private or occurrence.visibility == Occurrence.Visibility.PRIVATE
