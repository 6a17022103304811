"""What is alike in other cases: searched for when a file joins a case, where the policy says so.

A reviewer is told of files in cases of their own and in cases that nobody has. Those of other people's cases
are counted and never shown. What private communications held is not compared.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from math import ceil
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

from safelight.errors import UsageError
from safelight.frames import VPDQ
from safelight.lists.store import DEFAULT_PERCENT
from safelight.matching.videos import looks_of
from safelight.server.assessment.likeness import How, is_whole, kept_signals
from safelight.server.assessment.models import AlikePair
from safelight.server.cases.models import Case, CaseOccurrence
from safelight.server.cases.services import UNFINISHED
from safelight.server.ids import now
from safelight.server.intake.models import Item, Occurrence
from safelight.server.jobs.services import enqueue
from safelight.server.lists.models import SeenHash
from safelight.server.lists.past import find_past
from safelight.server.lists.seen import number_pending
from safelight.server.people.actors import PersonActor
from safelight.signals.pdq import PDQ
from safelight.signals.weights import AUTOV3, TSID
from safelight.types import Part, Signal

SEARCH_JOB: Final = "assessment.alike"
MOST_PAIRS: Final = 200
"""Files of other cases that one file is paired with, the nearest first."""
MOST_TOLD: Final = 50
"""Places that a page lists."""
_EQUAL: Final = {TSID.name: How.MODEL, AUTOV3.name: How.MODEL}
_FRAMES_ASKED: Final = 64
"""Frames of a video that are searched for, from its beginning to its end at even distances."""


@dataclass(frozen=True, slots=True)
class Other:
    """A file in another case that this person may know of; ``how`` is empty for the same bytes."""

    case: UUID
    item: UUID
    how: str
    distance: int | None
    share: float | None
    own: bool

    @property
    def percent(self) -> int:
        """The share as people read it."""
        return round(100 * (self.share or 0))


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """``told`` are in cases of one's own and of nobody; ``cases_of_others`` is how many others have some."""

    told: tuple[Other, ...] = ()
    cases_of_others: int = 0


def across_cases() -> bool:
    """Whether the policy says that stacks reach over cases."""
    return bool(settings.CONFIG.assessment.stacks_across_cases)


def ask_for(occurrence: Occurrence) -> None:
    """Have a file that joined a case searched for among those of other cases; in that transaction."""
    if across_cases() and occurrence.item_id is not None:
        enqueue(SEARCH_JOB, {"item": str(occurrence.item_id)}, key=f"{SEARCH_JOB}/{occurrence.item_id}")


def elsewhere(actor: PersonActor, case: Case, item: Item) -> Elsewhere:
    """What is alike to a file in other unfinished cases, as far as this person may know."""
    if not across_cases():
        return Elsewhere()
    pairs = {pair.other_id: pair for pair in AlikePair.objects.filter(item=item)}
    places = CaseOccurrence.objects.filter(
        occurrence__item__in=[item.pk, *pairs], case__in=Case.objects.filter(UNFINISHED).exclude(pk=case.pk)
    )
    found = places.order_by("case", "occurrence__item").values_list(
        "case", "occurrence__item", "case__assigned_to"
    )
    told: dict[tuple[UUID, UUID], Other] = {}
    others: set[UUID] = set()
    for in_case, other, assigned_to in found.distinct():
        if assigned_to not in {None, actor.person.pk}:
            others.add(in_case)
            continue
        pair = pairs.get(other)
        how, distance, share = (pair.how, pair.distance, pair.share) if pair else ("", None, None)
        told[in_case, other] = Other(in_case, other, how, distance, share, assigned_to is not None)
    return Elsewhere(tuple(told.values())[:MOST_TOLD], len(others))


def search(item: Item) -> int:
    """Pair a file with the files of cases that are alike to it; how many there are. Can be repeated.

    One of which no hashes are kept, as those of private communications are not, is paired with nothing.
    """
    if not SeenHash.objects.filter(item=item).exists():
        return 0
    number_pending()
    found = _found(item)
    in_cases = CaseOccurrence.objects.filter(occurrence__item__in=found).values_list("occurrence__item")
    kept = {pk for (pk,) in in_cases.distinct()} - {item.pk}
    nearest = sorted(kept, key=lambda pk: (found[pk].distance or 0, pk))[:MOST_PAIRS]
    rows = [
        AlikePair(
            item_id=one, other_id=other, how=pair.how, distance=pair.distance, share=pair.share, at=now()
        )
        for pk in nearest
        for pair in [found[pk]]
        for one, other in ((item.pk, pk), (pk, item.pk))
    ]
    with transaction.atomic():
        AlikePair.objects.bulk_create(rows, ignore_conflicts=True)
    return len(nearest)


@dataclass(frozen=True, slots=True)
class _Pair:
    how: How
    distance: int | None = None
    share: float | None = None


def _found(item: Item) -> dict[UUID, _Pair]:
    """The nearest way in which each file of the past is alike to one, this file among them."""
    pairs: dict[UUID, _Pair] = {}

    def offer(other: UUID, pair: _Pair) -> None:
        known = pairs.get(other)
        if known is None or _order(pair) < _order(known):
            pairs[other] = pair

    for signal in kept_signals(item):
        if signal.type == VPDQ:
            for other, pair in _showing(signal).items():
                offer(other, pair)
            continue
        near = signal.type == PDQ.name
        for past in find_past(signal, settings.CONFIG.assessment.near_bits if near else 0)[0]:
            wholes = is_whole(signal.part) and is_whole(Part.parse(past.part))
            how = (How.PICTURE if wholes else How.FRAME) if near else _EQUAL.get(signal.type, How.SOUND)
            offer(past.item, _Pair(how, past.distance if near else None))
    return pairs


def _showing(video: Signal) -> dict[UUID, _Pair]:
    """The past videos that show enough of the same frames, and the past pictures that are one of them."""
    try:
        looks = list(looks_of(video))
    except UsageError:
        return {}
    asked = looks[:: max(1, ceil(len(looks) / _FRAMES_ASKED))]
    shown: defaultdict[UUID, set[int]] = defaultdict(set)
    stills: dict[UUID, int] = {}
    for number, look in enumerate(asked):
        for past in find_past(look.signal, settings.CONFIG.assessment.near_bits)[0]:
            if is_whole(Part.parse(past.part)):
                stills[past.item] = min(past.distance, stills.get(past.item, past.distance))
            else:
                shown[past.item].add(number)
    pairs = {other: _Pair(How.FRAME, distance) for other, distance in stills.items()}
    for other, numbers in shown.items():
        if len(numbers) * 100 >= DEFAULT_PERCENT * len(asked):
            pairs[other] = _Pair(How.VIDEO, None, len(numbers) / len(asked))
    return pairs


def _order(pair: _Pair) -> tuple[int, int]:
    return tuple(How).index(pair.how), pair.distance or 0
