"""What alerts tell the ledger."""

from __future__ import annotations

from safelight.ledger import entry


class Event(entry.Event):
    """Members are added, never renamed."""

    ALERT_RAISED = "alert.raised"
    ALERT_CLEARED = "alert.cleared"
    ALERT_ACKNOWLEDGED = "alert.acknowledged"
