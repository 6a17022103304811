"""Which other files of a case are alike, by every signal that is kept of them.

The other files are searched as a hash list would be, so that turned pictures, videos by the frames that they
share, sounds and models are found here as matching finds them. Hashes of turned and mirrored variants are
those kept for re-checking the past; where they are not kept any more, a picture is compared as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final
from uuid import UUID

from django.conf import settings

from safelight.errors import KeyMismatch, UsageError
from safelight.frames import VPDQ
from safelight.lists.checks import pack_entry
from safelight.lists.memory import MemoryListStore
from safelight.lists.store import HashListInfo
from safelight.lists.videos import stored_entries
from safelight.matching.matcher import Matcher
from safelight.matching.memory_index import MemoryIndexes
from safelight.server.cases.models import Case
from safelight.server.intake.models import Item
from safelight.server.intake.record_keys import record_keys
from safelight.server.lists.kept import with_variants
from safelight.signals.audio import SOUND_TYPES
from safelight.signals.pdq import MINIMUM_QUALITY, PDQ
from safelight.signals.weights import AUTOV3, TSID
from safelight.types import ListClass, ListEntry, Match, MediaKind, Part, Signal, Transform

MOST_COMPARED: Final = 500
"""Files of a case that one is compared with, those that came first."""

_COMPARED: Final = frozenset({PDQ.name, VPDQ, TSID.name, AUTOV3.name, *SOUND_TYPES})
_NAME: Final = "case"
_WHOLE, _PART = "whole", "part"


class How(StrEnum):
    """In what two files are alike, the closest first. Those before ``sound`` are alike as wholes."""

    PICTURE = "picture"
    VIDEO = "video"
    MODEL = "model"
    SOUND = "sound"
    FRAME = "frame"
    """A picture of one, such as a frame of a video or a page's, is in the other."""


@dataclass(frozen=True, slots=True)
class Alike:
    """Another file. ``distance`` is in bits of 256, of pictures and sounds; ``share`` (0-1) of video frames.

    ``turned``: it is alike when turned or mirrored. ``whole``: what is found in one may be said of the other.
    """

    item: UUID
    how: How
    distance: int | None
    share: float | None
    turned: bool
    whole: bool

    @property
    def percent(self) -> int:
        """The share as people read it."""
        return round(100 * (self.share or 0))


def alike(case: Case, item: Item) -> tuple[Alike, ...]:
    """The files of a case that are alike to one of them, in the order in which they came."""
    members = Item.objects.filter(occurrences__membership__case=case).exclude(pk=item.pk).distinct()
    others = {other.pk: other for other in members.order_by("first_seen_at", "pk")[:MOST_COMPARED]}
    asked = with_variants(item.pk, kept_signals(item))
    if not asked or not others:
        return ()
    store = MemoryListStore()
    store.create(HashListInfo(_NAME, ListClass.TEST, distance=settings.CONFIG.assessment.near_bits))
    store.add(_entries(others.values()))
    best: dict[UUID, Alike] = {}
    for match in Matcher(store, MemoryIndexes(store)).match(asked).matches:
        found = _alike(match, item, others)
        known = best.get(found.item)
        if known is None or _nearness(found) < _nearness(known):
            best[found.item] = found
    return tuple(best[pk] for pk in others if pk in best)


def kept_signals(item: Item) -> tuple[Signal, ...]:
    """What a file as a whole, its pages and its frames are compared by; nothing where it cannot be opened.

    What an archive holds is left out: a file is not like an archive for being in it.
    """
    try:
        seen = record_keys().open_observation(item.pk, item.observation).observation
    except KeyMismatch:
        return ()  # the page of the case says so
    return tuple(signal for signal in seen.signals if _compared(signal))


def is_whole(part: Part) -> bool:
    """Whether a hash is of the whole picture, on whatever background its alpha was laid."""
    return not part.members and all(key == "over" for key, _value in part.selectors)


def _compared(signal: Signal) -> bool:
    if signal.type not in _COMPARED or not signal.value or signal.part.members:
        return False
    return signal.type != PDQ.name or (signal.quality or 0) >= MINIMUM_QUALITY


def _entries(others: Iterable[Item]) -> Iterator[ListEntry]:
    for other in others:
        for signal in kept_signals(other):
            part = _WHOLE if is_whole(signal.part) else _PART
            key = f"{other.pk} {part}"
            try:
                entries = list(stored_entries(ListEntry(_NAME, key, replace(signal, variants=()))))
                for entry in entries:
                    pack_entry(entry)
            except UsageError:
                continue  # a value that would match anything, such as that of a plain picture
            yield from entries


def _alike(match: Match, item: Item, others: dict[UUID, Item]) -> Alike:
    id_, part = match.entry_key.split(" ")
    other = others[UUID(id_)]
    how, whole, share = How.FRAME, False, None
    if match.signal.type in SOUND_TYPES:
        how, whole = How.SOUND, item.kind == other.kind == MediaKind.AUDIO
    elif match.signal.type in {TSID.name, AUTOV3.name}:
        how, whole = How.MODEL, True
    elif match.signal.type == VPDQ:
        assert match.coverage is not None  # of videos it is set
        share = max(match.coverage.query, match.coverage.listed)
        how, whole = How.VIDEO, True
    elif match.coverage is None and is_whole(match.signal.part) and part == _WHOLE:
        how, whole = How.PICTURE, True
    measured = how in {How.PICTURE, How.SOUND, How.FRAME}
    distance = match.distance if measured else None
    return Alike(other.pk, how, distance, share, match.transform != Transform.ORIGINAL, whole)


def _nearness(found: Alike) -> tuple[int, int, float]:
    return tuple(How).index(found.how), found.distance or 0, -(found.share or 0)
