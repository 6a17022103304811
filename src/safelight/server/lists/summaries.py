"""What is shown of lists: settings, numbers and standing; never a listed value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import sqrt
from typing import Final
from uuid import UUID

from safelight.types import ListClass, Outcome

ENOUGH_DECISIONS: Final = 20
"""Decisions below which a share is called unknown: with 19 the 95 % interval is over 40 points wide."""
_Z: Final = 1.96
"""Of the standard normal distribution, for an interval of 95 %."""


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole with its 95 % interval (Wilson 1927); ``part`` is 0 to ``whole``."""

    part: int
    whole: int

    @property
    def interval(self) -> tuple[float, float]:
        """Lowest and highest share that is compatible with what was counted, 0 to 1."""
        if not self.whole:
            return 0.0, 1.0
        n, p = self.whole, self.part / self.whole
        middle = p + _Z * _Z / (2 * n)
        spread = _Z * sqrt(p * (1 - p) / n + _Z * _Z / (4 * n * n))
        scale = 1 + _Z * _Z / n
        return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


@dataclass(frozen=True, slots=True)
class Precision:
    """How many of a list's decided hits were confirmed."""

    confirmed: int = 0
    dismissed: int = 0

    @property
    def share(self) -> Share:
        """Confirmed of all decided ones."""
        return Share(self.confirmed, self.confirmed + self.dismissed)

    @property
    def known(self) -> bool:
        """Whether enough was decided to say anything."""
        return self.confirmed + self.dismissed >= ENOUGH_DECISIONS


@dataclass(frozen=True, slots=True)
class ListSummary:
    """A list as people see it. ``entries`` counts live ones by signal type.

    ``held_reason`` is set while the list has fallen to hold; ``stale`` when its source is overdue;
    ``review_dates`` are those of its admitted batches, soonest first; ``proposed`` and ``quarantined`` count
    entries that wait, and ``recheck_waiting`` finds of the past beyond the cap.
    """

    id: UUID
    name: str
    list_class: ListClass
    distance: int
    query_percent: int
    listed_percent: int
    shadow: bool
    enabled: bool
    admitted: bool
    own: bool
    source: str
    sharing_terms: str
    categories: Mapping[str, ListClass]
    entries: Mapping[str, int]
    last_change: datetime
    synced_at: datetime | None
    expected_hours: int
    stale: bool
    precision: Precision
    most_hits_percent: float
    most_dismissed_percent: float
    review_dates: tuple[datetime, ...]
    held_reason: str
    held_at: datetime | None
    proposed: int
    quarantined: int
    recheck_waiting: int

    @property
    def total(self) -> int:
        """Live entries of every type."""
        return sum(self.entries.values())


@dataclass(frozen=True, slots=True)
class WaitingView:
    """A batch that waits: proposed entries, or quarantined ones with the reasons and how many of each."""

    id: UUID
    list_name: str
    kind: str
    entries: int
    reason: str
    review_at: datetime | None
    made_at: datetime
    why: Mapping[str, int]
    keys: tuple[str, ...]
    """The first hundred of the source's keys."""


@dataclass(frozen=True, slots=True)
class SurfaceCount:
    """Past occurrences on one surface; the empty name stands for none."""

    surface: str
    occurrences: int


@dataclass(frozen=True, slots=True)
class RecheckPreview:
    """What re-checking would find: files of the past, and where they were seen.

    ``opens`` occurrences would come into cases at once; ``waits`` lie beyond the caps. ``capped`` says that
    the search stopped at its own cap, so that there is more.
    """

    items: int
    occurrences: int
    surfaces: tuple[SurfaceCount, ...]
    outcome: Outcome
    opens: int
    waits: int
    oldest: datetime | None
    capped: bool
