"""Raising an alert from a room that must not depend on the room of alerts."""

from __future__ import annotations

import importlib
import logging
from uuid import UUID

_log = logging.getLogger(__name__)


def raise_alarm(kind: str, *, subject: UUID | None = None, detail: str) -> None:
    """Have people told, in the current transaction where there is one. ``detail`` names no content.

    Imported when it is called: the room of alerts rests on people and cases, which call this.
    """
    try:
        alerts = importlib.import_module("safelight.server.alerts.services")
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith("safelight.server.alerts"):
            raise
        _log.error("%s: %s", kind, detail)
        return
    alerts.raise_alert(kind, subject=subject, detail=detail)


def clear_alarm(kind: str, *, subject: UUID | None = None) -> None:
    """What was told is over."""
    try:
        alerts = importlib.import_module("safelight.server.alerts.services")
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith("safelight.server.alerts"):
            raise
        return
    alerts.clear_alert(kind, subject=subject)
