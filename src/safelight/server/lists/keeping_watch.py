"""What the clock does to lists: sources that are overdue, and review dates that passed."""

from __future__ import annotations

from safelight.server.ids import now
from safelight.server.lists.alarms import Alarm, alarm, clear_alarm
from safelight.server.lists.conduct import hold_list
from safelight.server.lists.models import HashList, WaitingBatch
from safelight.server.lists.rules import HELD_FOR_REVIEW, needs_two
from safelight.server.lists.showing import is_stale


def watch_sources() -> int:
    """Alert of sources that are overdue, and take it back once they came; how many are."""
    stale = 0
    for row in HashList.objects.filter(expected_hours__gt=0).order_by("name"):
        if is_stale(row):
            stale += 1
            last = f"{row.synced_at:%Y-%m-%d %H:%M} UTC" if row.synced_at else "never"
            alarm(
                Alarm.LISTS_STALE, row, f"Expected every {row.expected_hours} hours; last brought in: {last}."
            )
        else:
            clear_alarm(Alarm.LISTS_STALE, row)
    return stale


def watch_reviews() -> int:
    """Hold lists that take two people and whose review date passed, and alert; how many were held."""
    overdue = WaitingBatch.objects.filter(
        state=WaitingBatch.State.ADMITTED, review_at__isnull=False, review_at__lte=now()
    )
    held = 0
    for row in HashList.objects.filter(pk__in=overdue.values("list")).order_by("name"):
        if row.held_reason:
            continue
        if needs_two(row):
            hold_list(row, HELD_FOR_REVIEW, "Its review date has passed. It is held until it was reviewed.")
            held += 1
        else:
            alarm(Alarm.LIST_REVIEW_DUE, row, "Entries that were added by hand are due for review.")
    return held
