"""A key whose use looks like somebody trying out what is listed is stopped, and people are told.

What counts as that is the operator's setting. It is asked only after a hit, so that nothing else pays for it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db.models import Count

from safelight.server.ids import now
from safelight.server.intake.answers import Received
from safelight.server.intake.api_keys import suspend_probing
from safelight.server.intake.models import ApiKey, Intake, Occurrence
from safelight.server.lookups.models import LookUp
from safelight.server.telling import raise_alarm
from safelight.types import Outcome

SUSPENDED: Final = "key_suspended"
"""The kind of the alert."""
_HITS: Final = (Outcome.MATCH.value, Outcome.HOLD.value)


def watch(key: ApiKey, received: Received) -> None:
    """Look at a key's last hits after another one; suspends it where they are too many or too alike."""
    if received.verdict is None or received.verdict.outcome.value not in _HITS:
        return
    limits = settings.CONFIG.key_limits
    since = now() - timedelta(minutes=limits.probing_minutes)
    arrived = Intake.objects.filter(key=key, kind=Intake.Kind.UPLOAD, received_at__gte=since)
    hits = arrived.filter(outcome__in=_HITS).count()
    if not limits.probing_least_hits or hits < limits.probing_least_hits:
        return
    asked = arrived.count() + LookUp.objects.filter(key=key, at__gte=since).count()
    if hits * 100 > asked * limits.probing_share_percent:
        _suspend(key, "too great a share of what it sent matched")
        return
    seen = Occurrence.objects.filter(intake__in=arrived, match_tag__isnull=False)
    alike = seen.values("match_tag").annotate(files=Count("item", distinct=True)).order_by("-files").first()
    if alike is not None and alike["files"] >= limits.probing_variants:
        _suspend(key, "too many different files matched the same entries")


def _suspend(key: ApiKey, why: str) -> None:
    if suspend_probing(key, why):
        raise_alarm(SUSPENDED, subject=key.pk, detail=f"An API key was suspended: {why}.")
