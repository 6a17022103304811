"""What lists take from a scan: what they hit, and hashes that later entries are compared with."""

from __future__ import annotations

from django.conf import settings

from safelight.server.ids import now
from safelight.server.intake.arrivals import TOLD_BY_SOMEBODY
from safelight.server.intake.models import Intake, Occurrence, Surface
from safelight.server.lists.hits import keep_hits
from safelight.server.lists.models import SeenHash
from safelight.server.lists.seen import keep_seen, seen_rows
from safelight.types import Observation


def note_scan(occurrence: Occurrence, observation: Observation) -> None:
    """Count hits and keep hashes, in the transaction that records a scan of an occurrence's file.

    Of private communications that nobody disclosed no hash is kept, matched or not. Again does no harm: call
    it when a file that waited is scanned after all.
    """
    keep_hits(occurrence, observation.matches)
    if occurrence.item is not None and _kept(occurrence):
        keep_seen(occurrence.item, observation.signals, now())


def rows_of_new(occurrence: Occurrence, observation: Observation) -> list[SeenHash]:
    """The same for a file that was never seen before and hit nothing: rows to write with many others."""
    if occurrence.item is None or not _kept(occurrence):
        return []
    return seen_rows(occurrence.item, observation.signals, now())


def _kept(occurrence: Occurrence) -> bool:
    return settings.CONFIG.retention.seen_days > 0 and not _private(occurrence)


def _private(occurrence: Occurrence) -> bool:
    if Intake.Kind(occurrence.intake.kind) in TOLD_BY_SOMEBODY:
        return False
    surface = occurrence.surface
    on_private = surface is not None and surface.visibility == Surface.Visibility.PRIVATE
    return on_private or occurrence.visibility == Occurrence.Visibility.PRIVATE
