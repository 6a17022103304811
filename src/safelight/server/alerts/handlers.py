"""The alerts' own work: measure, remind, and mail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from safelight.server.alerts.checks import check_all
from safelight.server.alerts.mailing import send_mail
from safelight.server.alerts.models import Alert
from safelight.server.alerts.services import remind
from safelight.server.alerts.telling import MAIL
from safelight.server.jobs.leases import Lease
from safelight.server.jobs.registry import handler
from safelight.server.ledger.services import JSON


@handler("alerts.check", every=timedelta(minutes=1))
def check(_payload: Mapping[str, JSON], _lease: Lease) -> None:
    """Raise, clear, and tell again what nobody has acknowledged."""
    check_all()
    remind()


@handler(MAIL, attempts=12)
def mail(payload: Mapping[str, JSON], _lease: Lease) -> None:
    """Send one mail. A worker killed after it was taken sends it again."""
    alert = Alert.objects.filter(pk=UUID(str(payload["alert"]))).first()
    # What is over by now needs no mail any more; what is open does, even if somebody has seen it since.
    if alert is not None and alert.cleared_at is None:
        send_mail(alert)
