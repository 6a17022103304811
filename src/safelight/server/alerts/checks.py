"""What is measured every minute, and from when on it is wrong.

Each check has two limits: it alarms at one and is well again only below another, so that a value that wavers
about its limit does not alarm all day.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import Error as AnyDatabaseError
from django.db.models import Q, QuerySet

from safelight.errors import SafelightError
from safelight.server.alerts.kinds import Kind
from safelight.server.alerts.services import clear_alert, raise_alert
from safelight.server.cases.models import Case
from safelight.server.config import Config
from safelight.server.ids import now
from safelight.server.intake.models import Item
from safelight.server.jobs.services import counts
from safelight.server.ledger.models import LedgerPending
from safelight.server.processes.index_state import indexes_behind
from safelight.server.vault.services import alarms
from safelight.server.webhooks.models import Delivery

_log = logging.getLogger(__name__)
LEDGER_LAG: Final = timedelta(seconds=60)
EXPIRING: Final = timedelta(days=1)
_WELL_BELOW: Final = 0.8
"""Of the limit: how far a value has to fall before its alert is cleared."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One value against its limit, in the unit that ``says`` names. More is worse."""

    value: float
    limit: float
    says: str

    @property
    def wrong(self) -> bool:
        """Whether it has reached the limit."""
        return self.value >= self.limit

    @property
    def well(self) -> bool:
        """Whether it is clearly below. Between the two, what was open stays open."""
        return self.value < self.limit * _WELL_BELOW


def check_all() -> None:
    """Measure everything, and raise or clear. What cannot be measured stays as it is and is logged."""
    for kind, measure in CHECKS.items():
        try:
            found = measure(settings.CONFIG)
        except (SafelightError, AnyDatabaseError, OSError) as error:
            _log.warning("The check %s could not be made: %s", kind, type(error).__name__)
            continue
        if found.wrong:
            raise_alert(kind, detail=found.says)
        elif found.well:
            clear_alert(kind)


def _queue(config: Config) -> Measured:
    oldest = (
        Case.objects.filter(state=Case.State.OPEN).order_by("opened_at").values_list("opened_at", flat=True)
    )
    first = oldest.first()
    hours = 0.0 if first is None else (now() - first) / timedelta(hours=1)
    return Measured(hours, config.alerts.queue_hours, f"The oldest open case has waited {hours:.0f} hours.")


def _jobs(_config: Config) -> Measured:
    dead = counts().dead
    return Measured(dead, 1, f"{dead:,} jobs were given up.")


def _deliveries(_config: Config) -> Measured:
    dead = Delivery.objects.filter(state=Delivery.State.DEAD, endpoint__retired_at=None).count()
    return Measured(dead, 1, f"{dead:,} messages were not taken.")


def _unscanned(config: Config) -> Measured:
    waiting = _never_scanned().count()
    return Measured(waiting, config.alerts.unscanned, f"{waiting:,} files wait to be scanned after all.")


def _expiring(_config: Config) -> Measured:
    soon = _never_scanned().filter(unscanned_until__lt=now() + EXPIRING).count()
    return Measured(soon, 1, f"{soon:,} files were never scanned and are destroyed within a day.")


def _never_scanned() -> QuerySet[Item]:
    return Item.objects.filter(unscanned_until__gt=now(), outcome="unscanned")


def _indexes(config: Config) -> Measured:
    behind = indexes_behind(config)
    return Measured(behind, config.alerts.index_behind, f"Searches lack {behind:,} changes of the lists.")


def _undecided(_config: Config) -> Measured:
    number = len(alarms())
    return Measured(number, 1, f"{number:,} pieces of evidence have waited too long.")


def _disk(config: Config) -> Measured:
    free = shutil.disk_usage(config.workspace).free >> 20
    return Measured(config.alerts.disk_mib / max(free, 1), 1, f"{free:,} MiB are free.")


def _ledger(_config: Config) -> Measured:
    late = LedgerPending.objects.filter(Q(malformed=True) | Q(row__at__lt=now() - LEDGER_LAG)).count()
    return Measured(late, 1, f"{late:,} rows have no place in the tree.")


CHECKS: Final[dict[Kind, Callable[[Config], Measured]]] = {
    Kind.LEDGER_PROBLEM: _ledger,
    Kind.DISK_LOW: _disk,
    Kind.INDEX_BEHIND: _indexes,
    Kind.QUEUE_OLD: _queue,
    Kind.UNSCANNED_WAITING: _unscanned,
    Kind.UNSCANNED_EXPIRING: _expiring,
    Kind.JOBS_DEAD: _jobs,
    Kind.DELIVERIES_DEAD: _deliveries,
    Kind.VAULT_UNDECIDED: _undecided,
}
"""Kinds that are measured. The others are raised where they happen."""
