"""The axes of an assessment: independent questions, so that one answer serves every scheme.

Each axis has *undetermined*, which is its default: nothing is asserted that nobody found. The words are the
neutral ones of the law and of published taxonomies; nothing here describes content.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NewType

from safelight.errors import UsageError

UNDETERMINED: Final = "undetermined"
"""The value that every axis has."""

SchemeId = NewType("SchemeId", str)
Code = NewType("Code", str)


class Appearance(StrEnum):
    """Whether it would be taken for a photograph or film."""

    REALISTIC = "realistic"
    NON_PHOTOGRAPHIC = "non_photographic"
    UNDETERMINED = "undetermined"


class Origin(StrEnum):
    """How it came to be. It says nothing about whether a real child is depicted, and lowers no priority."""

    CAPTURED = "captured"
    ALTERED = "altered"
    """A real image that was altered."""
    GENERATED = "generated"
    UNDETERMINED = "undetermined"


class Basis(StrEnum):
    """What a finding about the origin rests on; several may, and none is *undetermined*."""

    LIST = "list"
    VERIFIED_PROVENANCE = "verified_provenance"
    CLAIMED_METADATA = "claimed_metadata"
    WATERMARK = "watermark"
    ANALYST = "analyst"


class RealChild(StrEnum):
    """Whether a real child is depicted, so far as is known. *Undetermined* is the unknown of the field."""

    IDENTIFIED = "identified"
    NO_INDICATION = "no_indication"
    UNDETERMINED = "undetermined"


class Severity(StrEnum):
    """The act class, in the terms by which the UK categories and the industry scale divide.

    ``PENETRATIVE`` stands for all that the first UK category names.
    """

    PENETRATIVE = "penetrative"
    NON_PENETRATIVE = "non_penetrative"
    EXHIBITION = "exhibition"
    """Lascivious exhibition without activity (18 U.S.C. 2256(2))."""
    OTHER_INDECENT = "other_indecent"
    NONE = "none"
    UNDETERMINED = "undetermined"


class AgeBand(StrEnum):
    """The apparent age of the youngest person, in years, in the bands that hotlines publish."""

    AGE_0_2 = "0-2"
    AGE_3_6 = "3-6"
    AGE_7_10 = "7-10"
    AGE_11_13 = "11-13"
    AGE_14_15 = "14-15"
    AGE_16_17 = "16-17"
    ADULT = "adult"
    UNDETERMINED = "undetermined"


class Number(StrEnum):
    """How many children are depicted."""

    ONE = "one"
    TWO = "two"
    THREE_OR_MORE = "three_or_more"
    NONE = "none"
    UNDETERMINED = "undetermined"


class Sex(StrEnum):
    """As the field records it; *boys* means only boys. *Undetermined* is its *unidentified*."""

    GIRLS = "girls"
    BOYS = "boys"
    BOTH = "both"
    UNDETERMINED = "undetermined"


class Outcome(StrEnum):
    """What the person concludes. *Beyond my expertise* is an answer, and brings a senior."""

    UNLAWFUL = "unlawful"
    NOT_UNLAWFUL = "not_unlawful"
    BEYOND_EXPERTISE = "beyond_expertise"
    UNDETERMINED = "undetermined"


class Certainty(StrEnum):
    """How sure the person is."""

    CERTAIN = "certain"
    PROBABLE = "probable"
    POSSIBLE = "possible"
    UNDETERMINED = "undetermined"


AXES: Final[Mapping[str, type[StrEnum]]] = MappingProxyType(
    {
        "outcome": Outcome,
        "certainty": Certainty,
        "severity": Severity,
        "age": AgeBand,
        "number": Number,
        "sex": Sex,
        "appearance": Appearance,
        "origin": Origin,
        "origin_certainty": Certainty,
        "real_child": RealChild,
    }
)
"""Every axis that has one answer, by its name, in the order in which it is asked."""

DECISIVE: Final = ("outcome", "severity", "age", "appearance")
"""The axes on which two people must agree before anything is decided; the others are measured."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """What one person found at one time.

    ``answered`` are codes of schemes that could not be derived and that the person gave, by scheme. Raises
    :class:`~safelight.errors.UsageError` where answers contradict each other.
    """

    outcome: Outcome = Outcome.UNDETERMINED
    certainty: Certainty = Certainty.UNDETERMINED
    severity: Severity = Severity.UNDETERMINED
    age: AgeBand = AgeBand.UNDETERMINED
    number: Number = Number.UNDETERMINED
    sex: Sex = Sex.UNDETERMINED
    appearance: Appearance = Appearance.UNDETERMINED
    origin: Origin = Origin.UNDETERMINED
    origin_certainty: Certainty = Certainty.UNDETERMINED
    real_child: RealChild = RealChild.UNDETERMINED
    origin_basis: frozenset[Basis] = frozenset()
    answered: Mapping[SchemeId, Code] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "answered", MappingProxyType(dict(self.answered)))
        if told := _contradiction(self):
            raise UsageError(told)

    def axis(self, name: str) -> StrEnum:
        """The answer on one axis of :data:`AXES`."""
        value: StrEnum = getattr(self, name)
        return value

    def differs_on(self, other: Assessment, axes: tuple[str, ...] = DECISIVE) -> tuple[str, ...]:
        """The axes on which two people answered differently; *undetermined* is an answer too."""
        return tuple(name for name in axes if self.axis(name) != other.axis(name))

    def but(self, **answers: Any) -> Assessment:  # noqa: ANN401 - as the fields say
        """The same with other answers."""
        return replace(self, **answers)


def read(answers: Mapping[str, str], *, basis: frozenset[str] = frozenset(), **codes: str) -> Assessment:
    """An assessment from stored or sent words; an axis that is not named is undetermined.

    ``codes`` are those that the person gave, by scheme. Raises :class:`~safelight.errors.UsageError` for an
    axis or an answer that there is not.
    """
    if unknown := set(answers) - set(AXES):
        raise UsageError(f"There is no axis {', '.join(sorted(unknown))}.")
    try:
        found: dict[str, Any] = {name: AXES[name](value) for name, value in answers.items()}
        on = frozenset(Basis(one) for one in basis)
    except ValueError as error:
        raise UsageError(f"An axis has no such answer: {error}") from None
    given = {SchemeId(scheme): Code(code) for scheme, code in codes.items()}
    return Assessment(**found, origin_basis=on, answered=given)


def answers(assessment: Assessment) -> dict[str, str]:
    """Every axis with its answer as it is stored."""
    return {name: assessment.axis(name).value for name in AXES}


def _contradiction(told: Assessment) -> str:
    """Why answers cannot stand together; empty where they can."""
    if told.origin is Origin.UNDETERMINED and (
        told.origin_certainty is not Certainty.UNDETERMINED or told.origin_basis
    ):
        return "Say what the origin is, or leave its certainty and basis out."
    if told.outcome is Outcome.UNLAWFUL and told.age is AgeBand.ADULT:
        return "The youngest is an adult here, so this axis set cannot say that it is unlawful. Change one."
    if told.number is Number.NONE and told.age not in (AgeBand.ADULT, AgeBand.UNDETERMINED):
        return "An age of a child is given, and no child is depicted. Change one."
    return ""


assert {one.name for one in fields(Assessment)} == {*AXES, "origin_basis", "answered"}
