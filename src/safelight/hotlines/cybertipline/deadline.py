"""When the hotline deletes an unfinished report by itself, and when somebody has to know before."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

AFTER_OPENING: Final = timedelta(hours=24)
AFTER_CHANGE: Final = timedelta(hours=1)
"""*CyberTipline Reporting API Technical Documentation*: unfinished reports are deleted 24 hours after they
were opened or one hour after the last change, whichever is later."""
ALARM_BEFORE: Final = timedelta(hours=8)
"""A working night's length, so that whoever comes in the morning is in time."""


def deleted_at(opened_at: datetime, changed_at: datetime | None) -> datetime:
    """When the hotline deletes it. Times are those at which our requests were about to be sent, which is
    earlier than the hotline's own, so that this is never too late."""
    after_opening = opened_at + AFTER_OPENING
    return after_opening if changed_at is None else max(after_opening, changed_at + AFTER_CHANGE)


def alarm_at(opened_at: datetime, changed_at: datetime | None) -> datetime:
    """From when on an unfinished report alarms."""
    return deleted_at(opened_at, changed_at) - ALARM_BEFORE
