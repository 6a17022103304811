"""How much of a recording's running time one person was played in a case, computed from what was played."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from safelight.server.cases.models import Case
from safelight.server.people.models import Person
from safelight.server.review.models import Playing, Viewing

_GAP: Final = 0.25
"""Seconds between two stretches that are no gap: frames are played five a second."""
_REST: Final = 0.5
"""Seconds before the end that may be missing: the page's clock is not the server's."""


def played_whole(viewings: Iterable[Viewing], of: Playing.Of) -> frozenset[tuple[UUID, str, UUID]]:
    """Of which file, or what inside it, to which person, the whole running time was played in these views."""
    found = Playing.objects.filter(viewing__in=viewings, of=of).select_related("viewing")
    stretches: dict[tuple[UUID, str, UUID], list[tuple[float, float]]] = defaultdict(list)
    ends: dict[tuple[UUID, str, UUID], float] = {}
    for one in found:
        key = one.viewing.item_id, one.viewing.member, one.viewing.person_id
        stretches[key].append((one.begins, one.played_to))
        if one.ends is not None:
            ends[key] = max(one.ends, ends.get(key, 0.0))
    return frozenset(
        key for key, end in ends.items() if played_from_the_beginning(stretches[key]) >= end - _REST
    )


def played_from_the_beginning(stretches: Iterable[tuple[float, float]]) -> float:
    """Up to which second these stretches, in any order, leave nothing out."""
    reached = 0.0
    for begins, to in sorted(stretches):
        if begins > reached + _GAP:
            break
        reached = max(reached, to)
    return reached


def resume_at(case: Case, person: Person) -> dict[tuple[UUID, str, str], float]:
    """By file, what inside it and what of that, up to which second a person was played it in a case.

    It is 0 once all was played.
    """
    found = Playing.objects.filter(viewing__case=case, viewing__person=person)
    stretches: dict[tuple[UUID, str, str], list[tuple[float, float]]] = defaultdict(list)
    ends: dict[tuple[UUID, str, str], float] = {}
    told = found.values_list("viewing__item", "viewing__member", "of", "begins", "played_to", "ends")
    for item, member, of, begins, to, end in told:
        key = item, member, of
        stretches[key].append((begins, to))
        ends[key] = end if end is not None else ends.get(key, float("inf"))
    reached = {key: played_from_the_beginning(told) for key, told in stretches.items()}
    return {key: 0.0 if at >= ends[key] - _REST else at for key, at in reached.items()}
