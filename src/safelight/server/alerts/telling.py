"""How an alert leaves the server: a webhook message and a mail, both without content, after the commit."""

from __future__ import annotations

from typing import Final

from django.conf import settings

from safelight.server.alerts.kinds import MEANINGS, Kind
from safelight.server.alerts.models import Alert
from safelight.server.ids import now
from safelight.server.jobs.services import enqueue
from safelight.server.webhooks import kinds as messages
from safelight.server.webhooks.services import emit

MAIL: Final = "alerts.mail"


def tell(alert: Alert) -> None:
    """Send an alert out, in the current transaction, and note that it was."""
    alert.told_at, alert.told = now(), alert.told + 1
    alert.save(update_fields=["told_at", "told"])
    _by_webhook(messages.Kind.ALERT_RAISED, alert)
    if settings.CONFIG.mail is not None:
        enqueue(MAIL, {"alert": str(alert.pk)})


def tell_cleared(alert: Alert) -> None:
    """Let the operator's systems know that it is over. Nobody is woken for that: there is no mail."""
    _by_webhook(messages.Kind.ALERT_CLEARED, alert)


def _by_webhook(kind: messages.Kind, alert: Alert) -> None:
    severity = MEANINGS[Kind(alert.kind)].severity
    emit(
        kind,
        {"alert": str(alert.pk), "kind": alert.kind, "severity": severity.value, "pages": alert.told},
    )
