"""Telling people and the platform, from rooms that must not depend on the rooms of alerts and webhooks.

Those rest on people, cases and intake, which call this; so they are imported when something is told.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Final
from uuid import UUID

from safelight.server.ledger.services import JSON

_log: Final = logging.getLogger(__name__)


def raise_alarm(kind: str, *, subject: UUID | None = None, detail: str) -> None:
    """Have people told, in the current transaction where there is one. ``detail`` names no content."""
    alerts = _room("alerts")
    if alerts is None:
        _log.error("%s: %s", kind, detail)
    else:
        alerts.raise_alert(kind, subject=subject, detail=detail)


def clear_alarm(kind: str, *, subject: UUID | None = None) -> None:
    """What was told is over."""
    if (alerts := _room("alerts")) is not None:
        alerts.clear_alert(kind, subject=subject)


def emit(kind: str, payload: Callable[[], Mapping[str, JSON]]) -> None:
    """Have the platform's receivers told, once the current transaction commits."""
    if (webhooks := _room("webhooks")) is not None:
        webhooks.emit(kind, payload())


def _room(name: str) -> ModuleType | None:
    """The services of a room; None in a server without it."""
    room = f"safelight.server.{name}"
    try:
        return importlib.import_module(f"{room}.services")
    except ModuleNotFoundError as error:
        if error.name not in (room, f"{room}.services"):
            raise
        return None
