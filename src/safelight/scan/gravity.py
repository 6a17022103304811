"""Which of several reasons for not looking is told first: the one that leaves the most unseen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from safelight.types import UnscannedReason

_R = UnscannedReason

GRAVITY: Final = (
    # What is wrong with the installation comes first: it concerns every file.
    _R.DEPENDENCY_DOWN,
    _R.NO_LIST,
    _R.SANDBOX_UNAVAILABLE,
    _R.NOT_INSTALLED,
    _R.NOT_YET,
    # Then what an attacker could bring about, or a fault of ours.
    _R.BAD_REPLY,
    _R.CRASHED,
    _R.OUT_OF_MEMORY,
    _R.TIMEOUT,
    _R.CHANGED,
    # Then files of which nothing was seen.
    _R.UNREADABLE,
    _R.NOT_PERMITTED,
    _R.NOT_A_FILE,
    _R.TOO_MANY_PIXELS,
    _R.TOO_LARGE,
    _R.ENCRYPTED,
    _R.DAMAGED,
    _R.UNSUPPORTED,
    _R.EMPTY,
    # Last, files of which a part was hashed.
    _R.TRUNCATED,
    _R.TOO_MANY_PARTS,
)
"""Every reason, gravest first."""


def gravest(reasons: Iterable[UnscannedReason]) -> UnscannedReason:
    """The gravest of at least one reason. Raises ``ValueError`` when there is none."""
    return min(reasons, key=GRAVITY.index)
