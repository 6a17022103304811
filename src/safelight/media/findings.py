"""What looking into one file yielded, in the words of the shared types."""

from __future__ import annotations

from dataclasses import dataclass

from safelight.types import Picture, Problem, Signal, Unhashable


@dataclass(frozen=True, slots=True)
class Findings:
    """The pictures of a file, their signals or why there are none, and what could not be looked at.

    Every picture has either a signal or an entry in ``unhashable``, under the same part.
    """

    pictures: tuple[Picture, ...] = ()
    signals: tuple[Signal, ...] = ()
    unhashable: tuple[Unhashable, ...] = ()
    problems: tuple[Problem, ...] = ()
