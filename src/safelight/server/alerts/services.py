"""Raising, clearing, acknowledging: one open alert a kind and subject, told once and in its rhythm again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from safelight.server.alerts.errors import NoSuchAlert
from safelight.server.alerts.events import Event
from safelight.server.alerts.kinds import MEANINGS, Kind, Meaning, Severity
from safelight.server.alerts.models import Alert
from safelight.server.alerts.telling import tell, tell_cleared
from safelight.server.ids import now
from safelight.server.ledger.services import record
from safelight.server.people.actors import PersonActor, SystemActor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission

QUIET: Final = timedelta(minutes=30)
"""What comes back so soon after it was cleared is the same alert still, and is not told anew."""
_LONGEST_DETAIL: Final = 500
_SERVER: Final = SystemActor("alerts")
_ORDER: Final = {severity: place for place, severity in enumerate(Severity)}


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """An open alert as a page shows it; ``detail`` is for people who may see the console, and for no mail."""

    id: UUID
    kind: Kind
    meaning: Meaning
    subject: str
    detail: str
    raised_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str


def raise_alert(kind: Kind | str, *, subject: str | UUID | None = None, detail: str = "") -> Alert:
    """Say that something is wrong; again and again is fine. In the current transaction, if there is one.

    ``detail`` names counts, times and the operator's own names of things, never content.
    """
    kind, about = Kind(kind), _subject(subject)
    with transaction.atomic():
        alert = _open(kind, about) or _reopened(kind, about)
        if alert is not None:
            alert.detail, alert.seen_at = detail[:_LONGEST_DETAIL], now()
            alert.save(update_fields=["detail", "seen_at"])
            return alert
        try:
            with transaction.atomic():
                alert = Alert.objects.create(
                    kind=kind.value,
                    subject=about,
                    detail=detail[:_LONGEST_DETAIL],
                    raised_at=now(),
                    seen_at=now(),
                )
        except IntegrityError:
            return Alert.objects.get(kind=kind.value, subject=about, cleared_at=None)
        record(Event.ALERT_RAISED, _SERVER, subject=alert.pk, payload={"kind": kind.value})
        tell(alert)
    return alert


def clear_alert(kind: Kind | str, *, subject: str | UUID | None = None) -> bool:
    """Say that it is well again. Returns whether an alert was open."""
    kind = Kind(kind)
    with transaction.atomic():
        alert = _open(kind, _subject(subject))
        if alert is None:
            return False
        alert.cleared_at = now()
        alert.save(update_fields=["cleared_at"])
        record(Event.ALERT_CLEARED, _SERVER, subject=alert.pk, payload={"kind": kind.value})
        tell_cleared(alert)
    return True


def open_subjects(kind: Kind | str) -> set[str]:
    """What the open alerts of a kind are about."""
    found = Alert.objects.filter(kind=Kind(kind).value, cleared_at=None)
    return set(found.values_list("subject", flat=True))


def open_alerts(actor: PersonActor) -> Sequence[OpenAlert]:
    """What is wrong now: the most urgent first, then the newest."""
    require(actor, Permission.JOBS_READ)
    found = Alert.objects.filter(cleared_at=None).select_related("acknowledged_by").order_by("-raised_at")
    return sorted((_as_shown(alert) for alert in found), key=lambda shown: _ORDER[shown.meaning.severity])


def acknowledge(actor: PersonActor, alert_id: UUID) -> None:
    """Say that one has seen it and deals with it: it stays open and is not told again.

    Raises :class:`NoSuchAlert`. To acknowledge twice changes nothing.
    """
    require(actor, Permission.JOBS_RETRY)
    with transaction.atomic():
        alert = Alert.objects.select_for_update().filter(pk=alert_id, cleared_at=None).first()
        if alert is None:
            raise NoSuchAlert(_("This alert is not open any more."))
        if alert.acknowledged_at is not None:
            return
        alert.acknowledged_at, alert.acknowledged_by = now(), actor.person
        alert.save(update_fields=["acknowledged_at", "acknowledged_by"])
        record(Event.ALERT_ACKNOWLEDGED, actor, subject=alert.pk, payload={"kind": alert.kind})


def remind() -> int:
    """Tell what is open, unacknowledged and due in its rhythm again; how many were. A job runs this."""
    told = 0
    for alert in Alert.objects.filter(cleared_at=None, acknowledged_at=None):
        due = alert.told_at is None or alert.told_at + MEANINGS[Kind(alert.kind)].repeat <= now()
        if not due:
            continue
        with transaction.atomic():
            still = Alert.objects.select_for_update().filter(
                pk=alert.pk, cleared_at=None, acknowledged_at=None, told=alert.told
            )
            if (same := still.first()) is not None:
                tell(same)
                told += 1
    return told


def _subject(subject: str | UUID | None) -> str:
    return "" if subject is None else str(subject)[:100]


def _open(kind: Kind, subject: str) -> Alert | None:
    still_open = Alert.objects.select_for_update().filter(kind=kind.value, subject=subject, cleared_at=None)
    return still_open.first()


def _reopened(kind: Kind, subject: str) -> Alert | None:
    """What was cleared a moment ago, open again. Danger is never taken for an echo of earlier danger."""
    if MEANINGS[kind].severity is Severity.PAGE:
        return None
    lately = Alert.objects.filter(kind=kind.value, subject=subject, cleared_at__gt=now() - QUIET)
    alert = lately.order_by("-cleared_at").first()
    if alert is None:
        return None
    try:
        with transaction.atomic():
            Alert.objects.filter(pk=alert.pk).update(cleared_at=None)
    except IntegrityError:
        return _open(kind, subject)
    alert.refresh_from_db()
    return alert


def _as_shown(alert: Alert) -> OpenAlert:
    kind = Kind(alert.kind)
    return OpenAlert(
        alert.pk,
        kind,
        MEANINGS[kind],
        alert.subject,
        alert.detail,
        alert.raised_at,
        alert.acknowledged_at,
        str(alert.acknowledged_by) if alert.acknowledged_by else "",
    )
