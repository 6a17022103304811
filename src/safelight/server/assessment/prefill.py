"""What a trusted list already knows, as answers that the person confirms or changes.

Only lists that the operator trusts, only an entry that equals the file by digest, and only what its
classification leaves no choice about: likeness, and what a list does not say, are never answered for anybody.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from safelight.assessment.axes import UNDETERMINED, Assessment, Basis, Code, Origin, SchemeId, read
from safelight.assessment.schemes import Scheme
from safelight.errors import UsageError
from safelight.server.assessment.loading import schemes
from safelight.server.cases.hash_confirmed import hash_confirmed, matches_of
from safelight.server.intake.models import Item
from safelight.types import ListClass, Match


@dataclass(frozen=True, slots=True)
class Prefilled:
    """Answers and the axes that a list gave; ``lists`` are their names. Lists that disagree give nothing."""

    told: Assessment
    axes: frozenset[str]
    lists: tuple[str, ...]


NOTHING = Prefilled(Assessment(), frozenset(), ())


def prefill(item: Item) -> Prefilled:
    """What trusted lists say of an item. Raises :class:`~safelight.errors.KeyMismatch`."""
    trusted = settings.CONFIG.assessment.trusted_lists
    known = {scheme.id: scheme for scheme in schemes()}
    found: dict[str, set[str]] = {}
    codes: dict[str, set[str]] = {}
    names: dict[str, None] = {}
    matches = matches_of(item)
    for match in matches:
        scheme = known.get(SchemeId(trusted.get(match.list, "")))
        if scheme is None or not _equal(matches, match):
            continue
        for axis, value in _said(scheme, match).items():
            found.setdefault(axis, set()).add(value)
            names[match.list] = None
        if match.classification is not None and match.classification in scheme.codes:
            codes.setdefault(scheme.id, set()).add(match.classification)
            names[match.list] = None
    agreed = {axis: values.pop() for axis, values in found.items() if len(values) == 1}
    given = {id_: told.pop() for id_, told in codes.items() if len(told) == 1}
    basis = frozenset({Basis.LIST.value}) if "origin" in agreed else frozenset()
    try:
        told = read(agreed, basis=basis, **given)
    except UsageError:  # two lists contradict each other: the person answers by themselves
        return NOTHING
    if not agreed and not given:
        return NOTHING
    axes = set(agreed) | ({"origin_basis"} if basis else set())
    return Prefilled(told, frozenset(axes), tuple(names))


def _equal(matches: tuple[Match, ...], match: Match) -> bool:
    return hash_confirmed([one for one in matches if one.entry_key == match.entry_key], {match.list})


def _said(scheme: Scheme, match: Match) -> dict[str, str]:
    """The axes on which every rule for the entry's code has one and the same answer."""
    rules = [rule for rule in scheme.rules if rule.code == Code(match.classification or "")]
    answers: dict[str, str] = {}
    for axis in {axis for rule in rules for axis in rule.when}:
        values = frozenset[str]().union(
            *(rule.when.get(axis, frozenset({UNDETERMINED, ""})) for rule in rules)
        )
        if len(values) == 1:
            answers[axis] = next(iter(values))
    if match.list_class is ListClass.AI_CSAM:
        answers["origin"] = Origin.GENERATED.value
    return answers
