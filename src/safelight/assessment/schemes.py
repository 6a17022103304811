"""Schemes derived from the axes: where a rule is total it says the code, else the person is asked.

A scheme is a versioned file, ours or the operator's, because taxonomies belong to their publishers and
change. Its rules must not overlap: the same answers give the same code whatever the order of the rules.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import combinations
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from safelight.assessment.axes import AXES, UNDETERMINED, Assessment, Code, SchemeId
from safelight.errors import UsageError

LARGEST_FILE: Final = 256 * 1024
"""Bytes of a scheme's file."""

UK: Final = SchemeId("uk")
INDUSTRY: Final = SchemeId("industry")

_Word = Annotated[str, StringConstraints(min_length=1, max_length=200)]
_Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,29}$")]
_Version = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z.-]{0,19}$")]


@dataclass(frozen=True, slots=True)
class Rule:
    """Where every named axis has one of these answers, ``code`` applies; None where no code does."""

    code: Code | None
    when: Mapping[str, frozenset[str]]

    def holds(self, told: Assessment) -> bool:
        """Whether the answers are among those of the rule."""
        return all(told.axis(name).value in values for name, values in self.when.items())

    def overlaps(self, other: Rule) -> bool:
        """Whether there are answers under which both hold."""
        shared = self.when.keys() & other.when.keys()
        return all(self.when[name] & other.when[name] for name in shared)


@dataclass(frozen=True, slots=True)
class Scheme:
    """One version of one taxonomy. ``codes`` are its codes with their labels, in their order."""

    id: SchemeId
    version: str
    title: str
    source: str
    codes: Mapping[Code, str]
    rules: tuple[Rule, ...]

    def rule_for(self, told: Assessment) -> Rule | None:
        """The rule that speaks; None where none does and the person has to be asked."""
        return next((rule for rule in self.rules if rule.holds(told)), None)


class _Rules(BaseModel):
    model_config = ConfigDict(extra="allow")

    code: _Word | None = None
    __pydantic_extra__: dict[str, list[str]]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    schema_: Literal["safelight.scheme/1"] = Field(alias="schema")
    id: _Id
    version: _Version
    title: _Word
    source: _Word
    codes: dict[_Word, _Word] = Field(min_length=1, max_length=500)
    rules: list[_Rules] = Field(default=[], max_length=1_000)


def read_scheme(text: str, name: str = "the scheme") -> Scheme:
    """A scheme from the text of its file. ``name`` is for what is told.

    Raises :class:`~safelight.errors.UsageError` for a form that is not ours, an axis, answer or code that
    there is not, *undetermined* in a rule, and rules that overlap.
    """
    try:
        told = _File.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise UsageError(f"{name} is not a scheme: {error}") from None
    rules = tuple(_rule(one, told, name) for one in told.rules)
    for one, other in combinations(rules, 2):
        if one.overlaps(other):
            raise UsageError(
                f"{name}: the rules for {one.code} and {other.code} overlap. Say which one applies."
            )
    codes = MappingProxyType({Code(code): label for code, label in told.codes.items()})
    return Scheme(SchemeId(told.id), told.version, told.title, told.source, codes, rules)


def load_schemes(directory: Path) -> tuple[Scheme, ...]:
    """The built-in schemes and those of an operator's directory of ``*.toml``, which win by their id.

    A directory that does not exist holds none. Raises :class:`~safelight.errors.UsageError`.
    """
    found = {scheme.id: scheme for scheme in built_in()}
    theirs: dict[SchemeId, Path] = {}
    for path in sorted(directory.glob("*.toml")):
        if path.stat().st_size > LARGEST_FILE:
            raise UsageError(f"{path} is larger than a scheme's file may be ({LARGEST_FILE} bytes).")
        scheme = read_scheme(path.read_text(encoding="utf-8"), str(path))
        if other := theirs.get(scheme.id):
            raise UsageError(f"{path} and {other} are of the same scheme {scheme.id}. Keep one of them.")
        theirs[scheme.id], found[scheme.id] = path, scheme
    return tuple(found.values())


@cache
def built_in() -> tuple[Scheme, ...]:
    """The schemes that ship: the UK categories, and the industry's classification."""
    there = files("safelight.assessment") / "files"
    return tuple(
        read_scheme((there / name).read_text(encoding="utf-8"), name)
        for name in ("uk-1.toml", "industry-1.toml")
    )


def derive(told: Assessment, schemes: Iterable[Scheme] | None = None) -> dict[SchemeId, Code | None]:
    """Each scheme's code: derived where a rule speaks, else as the person answered, else None.

    None also where a rule says that no code applies; :func:`asked` tells the two apart.
    """
    codes: dict[SchemeId, Code | None] = {}
    for scheme in built_in() if schemes is None else schemes:
        rule = scheme.rule_for(told)
        answer = told.answered.get(scheme.id)
        codes[scheme.id] = rule.code if rule else answer if answer in scheme.codes else None
    return codes


def asked(told: Assessment, schemes: Iterable[Scheme] | None = None) -> tuple[Scheme, ...]:
    """The schemes for which these answers say nothing, so that the person has to."""
    return tuple(one for one in (built_in() if schemes is None else schemes) if one.rule_for(told) is None)


def _rule(one: _Rules, told: _File, name: str) -> Rule:
    if one.code is not None and one.code not in told.codes:
        raise UsageError(f"{name}: a rule names {one.code}, which is not among the codes.")
    if not one.__pydantic_extra__:
        raise UsageError(f"{name}: the rule for {one.code} names no axis, so it would always hold.")
    when: dict[str, frozenset[str]] = {}
    for axis, values in one.__pydantic_extra__.items():
        if axis not in AXES:
            raise UsageError(f"{name}: there is no axis {axis}. There are: {', '.join(AXES)}.")
        there = {answer.value for answer in AXES[axis]} - {UNDETERMINED}
        if wrong := set(values) - there:
            raise UsageError(f"{name}: {axis} has no answer {', '.join(sorted(wrong))} that a rule may use.")
        when[axis] = frozenset(values)
    return Rule(Code(one.code) if one.code is not None else None, MappingProxyType(when))
