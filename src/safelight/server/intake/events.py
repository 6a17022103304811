"""What the ledger is told of surfaces, keys and arrivals."""

from __future__ import annotations

from safelight.ledger import entry


class Event(entry.Event):
    """Members are added, never renamed."""

    SURFACE_DECLARED = "surface.declared"
    SURFACE_RETIRED = "surface.retired"
    BASIS_DECLARED = "legal_basis.declared"
    BASIS_WITHDRAWN = "legal_basis.withdrawn"
    KEY_MADE = "key.made"
    KEY_SUSPENDED = "key.suspended"
    KEY_RESUMED = "key.resumed"
    KEY_REVOKED = "key.revoked"
    OCCURRENCE_RECORDED = "occurrence.recorded"
    OCCURRENCE_SETTLED = "occurrence.settled"
    OCCURRENCE_SCANNED = "occurrence.scanned"
    RESCAN_ASKED = "item.rescan_asked"
    UNSCANNED_EXPIRED = "item.unscanned_expired"
