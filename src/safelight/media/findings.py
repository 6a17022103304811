"""What looking into one file yielded, in the words of the shared types."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import chain

from safelight.types import Part, Picture, Problem, Signal, Unhashable, UnscannedReason


@dataclass(frozen=True, slots=True)
class Findings:
    """The pictures of a file, their signals or why there are none, and what could not be looked at.

    Every picture has either a signal or an entry in ``unhashable``, under the same part.
    """

    pictures: tuple[Picture, ...] = ()
    signals: tuple[Signal, ...] = ()
    unhashable: tuple[Unhashable, ...] = ()
    problems: tuple[Problem, ...] = ()

    @classmethod
    def nothing(cls, reason: UnscannedReason, detail: str) -> Findings:
        """Findings that are one problem with the whole file."""
        return cls(problems=(Problem(reason, detail=detail),))

    def __bool__(self) -> bool:
        """Whether anything was found, problems aside."""
        return bool(self.pictures or self.signals or self.unhashable)

    def __add__(self, other: Findings) -> Findings:
        return Findings.joined((self, other))

    @classmethod
    def joined(cls, several: Iterable[Findings]) -> Findings:
        """All of them, in their order."""
        every = tuple(several)
        return cls(
            tuple(chain.from_iterable(each.pictures for each in every)),
            tuple(chain.from_iterable(each.signals for each in every)),
            tuple(chain.from_iterable(each.unhashable for each in every)),
            tuple(chain.from_iterable(each.problems for each in every)),
        )

    def without_repeats(self) -> Findings:
        """One problem of a kind and a place: two decoders stumble over the same container."""
        first = {(problem.reason, problem.part): problem for problem in reversed(self.problems)}
        return replace(self, problems=tuple(first.values())[::-1])

    def within(self, member: str) -> Findings:
        """The same, as seen from the container that holds the member."""

        def outer(part: Part) -> Part:
            return Part((member, *part.members), part.selectors)

        return Findings(
            tuple(replace(each, part=outer(each.part)) for each in self.pictures),
            tuple(replace(each, part=outer(each.part)) for each in self.signals),
            tuple(replace(each, part=outer(each.part)) for each in self.unhashable),
            tuple(replace(each, part=outer(each.part)) for each in self.problems),
        )
