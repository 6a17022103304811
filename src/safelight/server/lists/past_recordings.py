"""Videos and sounds of the past, compared with what is listed now by the rules for files that arrive.

A listed video is looked for by the kept frames; each file that has one near is then compared whole, so that
the list's shares decide. Sounds have no index of their own in the past, where they would be many more than
are listed: every kept sound is compared with those that were listed, newest first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from safelight.errors import KeyMismatch
from safelight.frames import VPDQ
from safelight.lists.memory import MemoryListStore
from safelight.lists.store import HashListInfo
from safelight.matching.matcher import Matcher
from safelight.matching.memory_index import MemoryIndexes
from safelight.server.intake.models import Item
from safelight.server.intake.record_keys import record_keys
from safelight.server.lists.kept import kept_variants, of_kept_frames
from safelight.server.lists.models import HashList, SeenHash
from safelight.server.lists.past import SEARCHED_FOR, Past, find_past
from safelight.server.lists.seen import process_seen_keys
from safelight.signals.audio import SOUND_TYPES
from safelight.signals.pdq import PDQ
from safelight.types import ListClass, ListEntry, Match, Part, Signal

SOUNDS_SEARCHED: Final = 500_000
"""Kept pieces of sound that one search looks at, at some 500 a second; the newest, where there are more."""
_AT_ONCE: Final = 500
_NAME: Final = "listed"

Looks = Mapping[int, ListEntry]
"""The looks of one listed video, by the number of the row."""


def find_video(row: HashList, looks: Looks) -> tuple[dict[int, list[Past]], bool]:
    """The files that show enough of a listed video, by the look that is nearest; and whether there are more.

    One find a file, that in which most is the same. A file whose observation cannot be opened is passed over.
    """
    nearest: dict[UUID, tuple[Past, int]] = {}
    capped = False
    for number, look in looks.items():
        past, more = find_past(look.signal, row.distance)
        capped = capped or more
        for one in past:
            known = nearest.get(one.item)
            if known is None or one.distance < known[0].distance:
                nearest[one.item] = one, number
    candidates = sorted(nearest.values(), key=lambda each: (each[0].distance, each[0].seen))
    matcher = _matcher(row, [replace(look, list=_NAME, key="video") for look in looks.values()])
    found: dict[int, list[Past]] = {}
    for one, number in candidates[:SEARCHED_FOR]:
        if match := _shown(one.item, matcher):
            told = _past(match, one.seen, one.item)
            found.setdefault(number, []).append(told)
    return found, capped or len(candidates) > SEARCHED_FOR


def _shown(item: UUID, matcher: Matcher) -> Match | None:
    """How a file shows the listed video, if enough: its frames as they are, or those kept turned too."""
    sealed = Item.objects.filter(pk=item).values_list("observation", flat=True).first()
    if sealed is None:
        return None  # forgotten meanwhile
    try:
        seen = record_keys().open_observation(item, sealed).observation
    except KeyMismatch:
        return None
    signals = [signal for signal in seen.signals if signal.type in {PDQ.name, VPDQ} and signal.value]
    turned = tuple(of_kept_frames(signals, kept_variants(item)))
    found = [match for asked in (signals, turned) for match in matcher.match(asked).matches if match.coverage]
    return max(found, key=_shares, default=None)


def _shares(match: Match) -> tuple[float, int]:
    assert match.coverage is not None
    return max(match.coverage.query, match.coverage.listed), -match.distance


def find_sounds(
    listed: Mapping[int, ListEntry],
    most: int = SOUNDS_SEARCHED,
    check: Callable[[], None] = lambda: None,
) -> tuple[dict[int, list[Past]], bool]:
    """The kept sounds that agree with listed ones, by the number of each; and whether there are more.

    ``check`` is called now and then, and may end it.
    """
    if not listed:
        return {}, False
    entries = [replace(each, list=_NAME, key=str(number)) for number, each in listed.items()]
    matcher = _matcher(None, entries)
    types = {entry.signal.type for entry in entries}
    found: dict[int, list[Past]] = {number: [] for number in listed}
    capped = False
    for looked, (seen, item, signal) in enumerate(_kept_sounds(types)):
        if looked == most:
            return found, True
        if looked % _AT_ONCE == 0:
            check()
        for match in matcher.match([signal]).matches:
            of_entry = found[int(match.entry_key)]
            if len(of_entry) < SEARCHED_FOR:
                of_entry.append(_past(match, seen, item))
            else:
                capped = True
    return found, capped


def _kept_sounds(types: set[str]) -> Iterator[tuple[int, UUID, Signal]]:
    """The newest first, page by page: they may be many, and nothing is held open meanwhile."""
    rows = SeenHash.objects.filter(signal_type__in=types & SOUND_TYPES.keys(), sealed__isnull=False)
    page, keys = rows.order_by("-id"), process_seen_keys()
    while some := list(page.values_list("id", "item_id", "signal_type", "tag", "sealed", "part")[:_AT_ONCE]):
        for id_, item, type_, tag, sealed, part in some:
            assert sealed is not None  # the query says so
            try:
                (value,) = keys.open(item, bytes(tag), bytes(sealed), type_)
            except KeyMismatch:
                continue
            yield id_, item, Signal(type_, value, part=Part.parse(part))
        page = rows.filter(id__lt=some[-1][0]).order_by("-id")


def _matcher(row: HashList | None, entries: Sequence[ListEntry]) -> Matcher:
    """What compares with these alone, with a list's own distance and shares."""
    store = MemoryListStore()
    info = HashListInfo(_NAME, ListClass.TEST)
    if row is not None:
        info = replace(
            info,
            distance=row.distance,
            query_percent=row.query_percent,
            listed_percent=row.listed_percent,
        )
    store.create(info)
    store.add(entries)
    return Matcher(store, MemoryIndexes(store), SEARCHED_FOR)


def _past(match: Match, seen: int, item: UUID) -> Past:
    return Past(
        seen,
        item,
        match.signal.type,
        str(match.signal.part),
        match.distance,
        match.transform,
        match.coverage,
        match.spans,
    )
