"""The time that leases are kept by, which setting a machine's clock does not move.

PostgreSQL's own clock, or in SQLite, whose only clock is the machine's: the time at which this machine
started, told once and kept in the database, and the seconds since (Linux's ``CLOCK_BOOTTIME``). All processes
of the machine share it. Leases of an earlier start are over: whoever held them is gone.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from django.db import connection, transaction

from safelight.server.ids import now
from safelight.server.jobs.models import BootClock, Job

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


def database_time() -> datetime:
    """The present, for leases."""
    if connection.vendor != "postgresql":
        return machine_time()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        [(found,)] = cursor.fetchall()
    assert isinstance(found, datetime)
    return found


def machine_time() -> datetime:
    """When this machine started, as its clock said the first time it was asked, and the seconds since."""
    return _zero(_boot_id()) + timedelta(seconds=_uptime())


def due_time() -> datetime:
    """The present, for what is due: in SQLite the machine's clock too, if that was set forward."""
    leases = database_time()
    return leases if connection.vendor == "postgresql" else max(leases, now())


def _zero(boot: str) -> datetime:
    known = BootClock.objects.filter(boot=boot).first()
    if known is not None:
        return known.zero
    with transaction.atomic():
        known, new = BootClock.objects.get_or_create(
            boot=boot, defaults={"zero": now() - timedelta(seconds=_uptime())}
        )
        # PostgreSQL may serve several machines, each with a row, and keeps leases by its own clock.
        if new and connection.vendor != "postgresql":
            Job.objects.filter(state=Job.State.LEASED).update(leased_until=_LONG_AGO)
            BootClock.objects.exclude(boot=boot).delete()
    return known.zero


def _boot_id() -> str:
    return _BOOT_ID.read_text(encoding="ascii").strip()


def _uptime() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)
