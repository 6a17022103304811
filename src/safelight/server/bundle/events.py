"""What the ledger is told of evidence that is handed out."""

from __future__ import annotations

from safelight.ledger import entry


class Event(entry.Event):
    """Members are added, never renamed."""

    RECIPIENT_REGISTERED = "recipient.registered"
    RECIPIENT_RETIRED = "recipient.retired"
    BUNDLE_ASKED = "bundle.asked"
    BUNDLE_RELEASED = "bundle.released"
    BUNDLE_MADE = "bundle.made"
    BUNDLE_DOWNLOADED = "bundle.downloaded"
    BUNDLE_REMOVED = "bundle.removed"
