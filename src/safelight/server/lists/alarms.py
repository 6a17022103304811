"""What lists alert people of: that something fell to hold, is overdue or was set apart; never a value."""

from __future__ import annotations

import importlib
import logging

from django.apps import apps

from safelight.server.lists.models import HashList

_log = logging.getLogger(__name__)


def alarm(kind: str, row: HashList, detail: str) -> None:
    """Raise an alert about a list; once while it stands."""
    _log.warning("List %r: %s", row.name, detail)
    if apps.is_installed("safelight.server.alerts"):
        services = importlib.import_module("safelight.server.alerts.services")
        services.raise_alert(kind, subject=row.uid, detail=detail)


def clear_alarm(kind: str, row: HashList) -> None:
    """Say that it stands no more."""
    if apps.is_installed("safelight.server.alerts"):
        services = importlib.import_module("safelight.server.alerts.services")
        services.clear_alert(kind, subject=row.uid)
