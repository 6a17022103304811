"""Telling people and the platform, from rooms that must not depend on the rooms of alerts and webhooks.

Those rest on people, cases and intake, which call this; so they are imported when something is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from safelight.server.ledger.services import JSON


def raise_alarm(kind: str, *, subject: UUID | None = None, detail: str) -> None:
    """Have people told, in the current transaction where there is one. ``detail`` names no content."""
    from safelight.server.alerts.services import raise_alert  # noqa: PLC0415 - see above

    raise_alert(kind, subject=subject, detail=detail)


def clear_alarm(kind: str, *, subject: UUID | None = None) -> None:
    """What was told is over."""
    from safelight.server.alerts.services import clear_alert  # noqa: PLC0415 - see above

    clear_alert(kind, subject=subject)


def open_alarms(kind: str) -> set[UUID]:
    """What the open alarms of a kind are about, where that is something with an id."""
    from safelight.server.alerts.services import open_subjects  # noqa: PLC0415 - see above

    return {UUID(subject) for subject in open_subjects(kind) if subject}


def emit(kind: str, payload: Mapping[str, JSON]) -> None:
    """Have the platform's receivers told, once the current transaction commits."""
    from safelight.server.webhooks.services import emit as emit_message  # noqa: PLC0415 - see above

    emit_message(kind, payload)
