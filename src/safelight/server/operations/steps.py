"""How far a long piece of work is, for whoever waits for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, TypeVar

Progress: TypeAlias = Callable[[int, int], None]
"""Called with how many steps are done, and how many there are."""
T = TypeVar("T")


def silently(_done: int, _total: int) -> None:
    """Tell nobody."""


class Steps:
    """Counts steps as they are done. ``total`` is an estimate, which the count never passes."""

    def __init__(self, progress: Progress, total: int) -> None:
        """Tell at once that none is done."""
        self._progress, self._total = progress, total
        self._done = -1
        self()

    def __call__(self) -> None:
        """One more is done."""
        self._done += 1
        self._progress(min(self._done, self._total), self._total)

    def after(self, result: T) -> T:
        """One more is done, which had this result."""
        self()
        return result
