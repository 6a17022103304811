"""What listing entries would find in the past, before anybody lists them: counts, never files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Min

from safelight.lists.videos import listed_frames, stored_entries
from safelight.scan.policy import DEFAULT_POLICY
from safelight.server.ids import now
from safelight.server.lists.models import HashList
from safelight.server.lists.past import Past, find_past, not_in_a_case, occurrences_of
from safelight.server.lists.past_recordings import find_sounds, find_video
from safelight.server.lists.recheck import entries_listed, room
from safelight.server.lists.seen import number_pending
from safelight.server.lists.store import list_row
from safelight.server.lists.summaries import RecheckPreview, SurfaceCount
from safelight.server.lists.two_people import waiting_batch
from safelight.server.lists.waiting import signals_of
from safelight.server.people.actors import Actor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission
from safelight.signals.audio import SOUND_TYPES
from safelight.types import ListClass, ListEntry, Match, MediaKind, Observation, Outcome, Signal
from safelight.values import pack, unpack

_PREVIEWED: Final = 100
"""Entries of a batch that a preview looks at."""
_SOUNDS_PREVIEWED: Final = 2_000
"""Kept pieces of sound that it looks at, the newest: a person waits for it."""


def recheck_preview(actor: Actor, name: str, key: str) -> RecheckPreview:
    """What re-checking the past for a listed entry finds. Raises :class:`~safelight.errors.NoSuchList`."""
    require(actor, Permission.LIST_CHANGE)
    row = list_row(name)
    return _preview(row, list(entries_listed(row, key).values()), key)


def waiting_preview(actor: Actor, batch_id: UUID, key: str | None = None) -> RecheckPreview:
    """What listing a waiting batch would find in the past: of its first hundred entries, or of one key."""
    require(actor, Permission.LIST_CHANGE)
    with transaction.atomic():
        batch = waiting_batch(batch_id)
    return _preview(batch.list, _first(signals_of(batch, key)), key)


def search_recent(actor: Actor, name: str, entries: Sequence[ListEntry]) -> RecheckPreview:
    """What listing these entries would find in the past: for whoever may list them, and counts only."""
    require(actor, Permission.LIST_CHANGE)
    stored = chain.from_iterable(map(stored_entries, entries))
    return _preview(list_row(name), [_canonical(entry) for entry in _first(stored)], None)


def _canonical(entry: ListEntry) -> ListEntry:
    type_ = entry.signal.type
    return replace(entry, signal=Signal(type_, unpack(type_, pack(type_, entry.signal.value))))


def _first(entries: Iterable[ListEntry]) -> list[ListEntry]:
    """The entries that a preview looks at; all looks of a video are one."""
    first: list[ListEntry] = []
    things: set[object] = set()
    for number, entry in enumerate(entries):
        things.add(number if listed_frames(entry.flags) is None else entry.key)
        if len(things) > _PREVIEWED:
            break
        first.append(entry)
    return first


def _found_all(row: HashList, entries: Sequence[ListEntry]) -> tuple[set[UUID], bool]:
    """The files of the past that any of these entries matches; and whether there are more."""
    found: list[tuple[Iterable[Past], bool]] = []
    sounds: dict[int, ListEntry] = {}
    videos: dict[str, dict[int, ListEntry]] = {}
    for number, entry in enumerate(entries):
        if entry.signal.type in SOUND_TYPES:
            sounds[number] = entry
        elif listed_frames(entry.flags) is not None:
            videos.setdefault(entry.key, {})[number] = entry
        else:
            found.append(find_past(entry.signal, row.distance))
    several = [*(find_video(row, looks) for looks in videos.values()), find_sounds(sounds, _SOUNDS_PREVIEWED)]
    found += [(chain.from_iterable(of_each.values()), more) for of_each, more in several]
    return {one.item for past, _ in found for one in past}, any(more for _, more in found)


def _preview(row: HashList, entries: Sequence[ListEntry], key: str | None) -> RecheckPreview:
    number_pending()
    items, capped = _found_all(row, entries)
    seen = occurrences_of(items)
    surfaces = Counter(name or "" for name in seen.values_list("surface__name", flat=True))
    new = not_in_a_case(seen).count()
    opens = 0 if row.list_class == ListClass.KNOWN_GOOD else min(new, room(row, key))
    return RecheckPreview(
        items=len(items),
        occurrences=seen.count(),
        surfaces=tuple(SurfaceCount(name, count) for name, count in sorted(surfaces.items())),
        outcome=_outcome(row, [entry.signal for entry in entries]),
        opens=opens,
        waits=0 if row.list_class == ListClass.KNOWN_GOOD else new - opens,
        oldest=seen.aggregate(oldest=Min("recorded_at"))["oldest"],
        capped=capped,
    )


def _outcome(row: HashList, signals: Sequence[Signal]) -> Outcome:
    """What the policy says of a file that only these entries match."""
    matches = tuple(
        Match(signal, row.name, ListClass(row.list_class), "", shadow=row.shadow, held=bool(row.held_reason))
        for signal in signals
    )
    seen = Observation("", 1, MediaKind.UNKNOWN, "", now(), signals=tuple(signals), matches=matches)
    return DEFAULT_POLICY.verdict(seen).outcome
