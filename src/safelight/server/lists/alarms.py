"""What lists alert people of: that something fell to hold, is overdue or was set apart; never a value."""

from __future__ import annotations

import importlib
import logging
from enum import StrEnum
from typing import Any

from django.apps import apps

from safelight.server.lists.models import HashList

_log = logging.getLogger(__name__)


class Alarm(StrEnum):
    """What is wrong, in the words of the room of alerts."""

    LISTS_STALE = "lists_stale"
    LIST_HELD = "list_held"
    LIST_ENTRY_HELD = "list_entry_held"
    LIST_ENTRY_QUARANTINED = "list_entry_quarantined"
    LIST_REVIEW_DUE = "list_review_due"
    RECHECK_WAITING = "recheck_waiting"


def alarm(kind: Alarm, row: HashList, detail: str) -> None:
    """Raise an alert about a list; once while it stands."""
    _log.warning("List %r: %s", row.name, detail)
    if (alerts := _alerts(kind)) is not None:
        alerts.raise_alert(kind.value, subject=row.uid, detail=detail)


def clear_alarm(kind: Alarm, row: HashList) -> None:
    """Say that it stands no more."""
    if (alerts := _alerts(kind)) is not None:
        alerts.clear_alert(kind.value, subject=row.uid)


def _alerts(kind: Alarm) -> Any:  # noqa: ANN401 - a room that may not be installed
    """The room of alerts, where it is installed and knows this kind."""
    if not apps.is_installed("safelight.server.alerts"):
        return None
    known = importlib.import_module("safelight.server.alerts.kinds").Kind
    if kind.value not in {one.value for one in known}:
        _log.error("No alert is raised: the room of alerts does not know %s.", kind)
        return None
    return importlib.import_module("safelight.server.alerts.services")
