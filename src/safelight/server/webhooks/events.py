"""What webhooks tell the ledger."""

from __future__ import annotations

from safelight.ledger import entry


class Event(entry.Event):
    """Members are added, never renamed."""

    ENDPOINT_MADE = "webhook.endpoint_made"
    SECRET_ROTATED = "webhook.secret_rotated"  # noqa: S105 - an event, not a secret
    ENDPOINT_RETIRED = "webhook.endpoint_retired"
    DELIVERY_RESENT = "webhook.delivery_resent"
