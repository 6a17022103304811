"""When it is worth trying again to scan something, by why it could not be scanned."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from safelight.server.ids import now
from safelight.types import UnscannedReason

_R = UnscannedReason

OF_THE_INSTALLATION: Final = frozenset({_R.NO_LIST, _R.DEPENDENCY_DOWN, _R.SANDBOX_UNAVAILABLE})
"""One item tells whether the cause is gone for all; the others are tried once it is."""
OF_CHANCE: Final = frozenset(
    {
        *(_R.NOT_YET, _R.CRASHED, _R.BAD_REPLY, _R.OUT_OF_MEMORY, _R.TIMEOUT, _R.CHANGED, _R.UNREADABLE),
        _R.NOT_INSTALLED,
    }
)
"""Another try may end otherwise, or somebody installs what is missing.

All other reasons lie in the file, and only another version may read it."""

_INSTALLATION_PAUSE: Final = timedelta(minutes=1)
_FIRST_PAUSE: Final = timedelta(minutes=5)
_LONGEST_PAUSE: Final = timedelta(hours=12)
_JOB_LOST: Final = timedelta(hours=1)
"""What waits for its turn has a job of its own; after this it is looked for all the same."""


def next_try(reason: UnscannedReason, attempts: int) -> datetime | None:
    """When to try again after so many attempts in vain; None where this version will not read it."""
    if reason is _R.NOT_YET:
        return now() + _JOB_LOST
    if reason in OF_THE_INSTALLATION:
        return now() + _INSTALLATION_PAUSE
    if reason in OF_CHANCE:
        pause: timedelta = min(_LONGEST_PAUSE, _FIRST_PAUSE * (1 << min(attempts, 20)))
        return now() + pause
    return None
