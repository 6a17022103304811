"""How much one key may send: so many requests a minute, so many files and look-ups a day.

The rate is kept by each web process for its share of it, in memory. The day's budget is shared by all: a
process takes a piece of it from the database at a time, so that most requests ask nobody.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F

from safelight.server.ids import now
from safelight.server.intake.models import ApiKey, KeyUse

_PIECES: Final = 50
"""Pieces of a day's budget: the more, the less of it a process holds that then ends."""
_LARGEST_PIECE: Final = 1_000


class TooMany(Exception):
    """A key has sent as much as it may for now; ``seconds`` until it may send again."""

    def __init__(self, why: str, seconds: float) -> None:
        super().__init__(why)
        self.seconds = seconds


@dataclass(slots=True)
class _Spent:
    """What this process knows of one key's use."""

    left: float
    at: float
    day: date = date.min
    piece: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


_spent: Final[dict[UUID, _Spent]] = {}


def spend(key: ApiKey, requests: int = 1) -> None:
    """Count a request. Raises :class:`TooMany` where the key's rate is used up."""
    limits = settings.CONFIG.key_limits
    rate = limits.rate_per_minute if key.rate_per_minute is None else key.rate_per_minute
    if not rate:
        return
    most = rate / settings.CONFIG.web_workers
    present = time.monotonic()
    spent = _of(key, most)
    with spent.lock:
        spent.left = min(most, spent.left + (present - spent.at) * most / 60)
        spent.at = present
        if spent.left < requests:
            raise TooMany(
                f"This key may send {rate} requests a minute. Send this again after Retry-After.",
                max(1.0, (requests - spent.left) * 60 / most),
            )
        spent.left -= requests


def spend_budget(key: ApiKey, files: int = 1) -> None:
    """Count files or look-ups. Raises :class:`TooMany` where the day's budget is used up."""
    limits = settings.CONFIG.key_limits
    budget = limits.daily_budget if key.daily_budget is None else key.daily_budget
    if not budget:
        return
    spent = _of(key, 0.0)
    today = now().date()
    with spent.lock:
        if spent.day != today:
            spent.day, spent.piece = today, 0
        if spent.piece < files:
            wanted = max(files - spent.piece, min(_LARGEST_PIECE, budget // _PIECES))
            spent.piece += _take(key, today, budget, wanted)
        if spent.piece < files:
            raise TooMany(
                f"This key may send {budget} files a day, in UTC, and has. Ask the operator for more.",
                _until_tomorrow(),
            )
        spent.piece -= files


def _of(key: ApiKey, left: float) -> _Spent:
    return _spent.setdefault(key.pk, _Spent(left, time.monotonic()))


def _take(key: ApiKey, day: date, budget: int, wanted: int) -> int:
    """At most so much of what is left of the day's budget, for this process."""
    with transaction.atomic():
        KeyUse.objects.bulk_create([KeyUse(key=key, day=day)], ignore_conflicts=True)
        row = KeyUse.objects.select_for_update().get(key=key, day=day)
        given = max(0, min(wanted, budget - row.used))
        KeyUse.objects.filter(pk=row.pk).update(used=F("used") + given)
    return given


def _until_tomorrow() -> float:
    tomorrow = datetime.combine(now().date() + timedelta(days=1), time_of_day(), now().tzinfo)
    return max(1.0, (tomorrow - now()).total_seconds())
