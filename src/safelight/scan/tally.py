"""The counts of a scan, in memory that does not grow with the number of files."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final, Self

from safelight.scan.policy import is_exact
from safelight.types import ListClass, Outcome, ScanResult, UnhashableReason, UnscannedReason

EXACT: Final = -1
"""Stands for a distance where digests are equal."""


@dataclass(frozen=True, slots=True)
class Tallied:
    """What is counted of one file. ``matches`` has the nearest match of each list: its distance or EXACT."""

    outcome: Outcome
    reason: UnscannedReason | None = None
    limited: UnhashableReason | None = None
    matches: tuple[tuple[str, ListClass, int], ...] = ()

    @classmethod
    def of(cls, result: ScanResult) -> Self:
        """What to count of a result."""
        nearest: dict[tuple[str, ListClass], int] = {}
        for match in result.observation.matches:
            key, distance = (match.list, match.list_class), EXACT if is_exact(match) else match.distance
            nearest[key] = min(distance, nearest.get(key, distance))
        verdict = result.verdict
        return cls(
            verdict.outcome, verdict.reason, verdict.limited, tuple((*key, d) for key, d in nearest.items())
        )

    def to_list(self) -> list[Any]:
        """As plain values, for a state file."""
        return [self.outcome, self.reason, self.limited, self.matches]

    @classmethod
    def from_list(cls, values: list[Any]) -> Self:
        """The inverse of :meth:`to_list`."""
        outcome, reason, limited, matches = values
        return cls(
            Outcome(outcome),
            reason and UnscannedReason(reason),
            limited and UnhashableReason(limited),
            tuple((name, ListClass(class_), distance) for name, class_, distance in matches),
        )


@dataclass(slots=True)
class Tally:
    """The running counts of a scan."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    reasons: Counter[UnscannedReason] = field(default_factory=Counter)
    limited: Counter[UnhashableReason] = field(default_factory=Counter)
    matches: Counter[tuple[str, ListClass, int]] = field(default_factory=Counter)

    def add(self, tallied: Tallied) -> None:
        """Count one file."""
        self.outcomes[tallied.outcome] += 1
        if tallied.reason:
            self.reasons[tallied.reason] += 1
        if tallied.limited:
            self.limited[tallied.limited] += 1
        self.matches.update(tallied.matches)

    @property
    def files(self) -> int:
        """How many files were counted."""
        return self.outcomes.total()

    @property
    def found(self) -> bool:
        """Whether anything matched or is held."""
        return bool(self.outcomes[Outcome.MATCH] or self.outcomes[Outcome.HOLD])
