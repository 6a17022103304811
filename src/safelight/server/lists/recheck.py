"""Re-checking the past: what was listed since is searched among kept hashes, capped, once an entry and hash.

A file may be scanned before an entry is listed and recorded after the past was searched. So entries are
searched a minute after they were listed; by then every scan that did not know them is recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from safelight.lists.store import Change, ChangeKind, StoredEntry
from safelight.lists.videos import listed_frames
from safelight.server.ids import now
from safelight.server.jobs.services import enqueue
from safelight.server.ledger.services import JSON, record
from safelight.server.lists.alarms import Alarm, alarm, clear_alarm
from safelight.server.lists.conduct import HITS_EVERYTHING
from safelight.server.lists.events import Event
from safelight.server.lists.models import Entry, FoundByRecheck, HashList, RecheckHit, SeenHash
from safelight.server.lists.past import Past, find_past
from safelight.server.lists.past_recordings import find_sounds, find_video
from safelight.server.lists.process_store import list_store
from safelight.server.lists.rules import check_reason
from safelight.server.lists.seen import locked_state, number_pending
from safelight.server.lists.store import list_row
from safelight.server.people.actors import Actor, SystemActor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission
from safelight.signals.audio import SOUND_TYPES
from safelight.types import ListClass, ListEntry, Signal

RELEASE_JOB: Final = "lists.recheck_release"
SETTLED_AFTER: Final = timedelta(seconds=60)
"""A scan is recorded well within this; sandboxes stop a decoder after seconds."""
AT_ONCE: Final = 200
"""Entries searched before what was found is written down."""
LEAST_OF_EVERYTHING: Final = 100
SHARE_OF_EVERYTHING: Final = 0.01
"""An entry that matches over a hundredth of all files, and over a hundred of them, is no hash of one picture:
a shared service measured 4.3 matches of *all* lists in 100,000 files."""
_JOBS: Final = SystemActor("jobs")


def recheck_some(check: Callable[[], None] = lambda: None) -> bool:
    """Search the past for the entries listed next; whether there may be more. Killed, it is done again.

    ``check`` is called now and then, and may end it.
    """
    begun = _take_turn()
    if begun is None:
        return False
    number_pending()
    after, until = begun
    changes = [change for change in list_store().changes(after, AT_ONCE) if change.sequence <= until]
    reached = changes[-1].sequence if changes else until
    found = _search(changes, check)
    with transaction.atomic():
        state = locked_state()
        if state.rechecked_to != after:
            return True  # another worker did it meanwhile
        RecheckHit.objects.bulk_create(
            [hit for hits in found.values() for hit in hits], ignore_conflicts=True
        )
        for row, hits in found.items():
            if hits:
                record(Event.RECHECK_FOUND, _JOBS, subject=row.uid, payload={"hits": len(hits)})
        state.rechecked_to = reached
        state.save(update_fields=["rechecked_to"])
    return reached < until


def _take_turn() -> tuple[int, int] | None:
    """From where to where entries are to be searched now, None where none has settled."""
    with transaction.atomic():
        state, stamp = locked_state(), list_store().stamp()
        if state.rechecked_epoch != stamp.epoch:
            # After a restored backup the lists may be behind; their next changes are new ones.
            state.rechecked_epoch = stamp.epoch
            state.rechecked_to = min(state.rechecked_to, stamp.sequence)
            state.asked_to = min(state.asked_to, stamp.sequence)
            state.settled_to = min(state.settled_to, stamp.sequence)
        if state.asked_at is None or now() - state.asked_at >= SETTLED_AFTER:
            state.settled_to = state.asked_to
            state.asked_to, state.asked_at = stamp.sequence, now()
        state.save()
        if state.rechecked_to >= state.settled_to:
            return None
        return state.rechecked_to, state.settled_to


def _search(changes: Sequence[Change], check: Callable[[], None]) -> dict[HashList, list[RecheckHit]]:
    added = {change.row: change for change in changes if change.kind is ChangeKind.ADD}
    lists = {row.name: row for row in HashList.objects.exclude(list_class=ListClass.KNOWN_GOOD.value)}
    found: dict[HashList, list[RecheckHit]] = {}
    sounds: dict[int, tuple[HashList, StoredEntry, ListEntry]] = {}
    videos: dict[tuple[HashList, str], StoredEntry] = {}
    for number, entry in sorted(list_store().resolve(added).items()):
        row, value = lists.get(entry.list), added[number].value
        if row is None or value is None:
            continue
        if entry.signal_type in SOUND_TYPES:
            told = ListEntry(entry.list, entry.key, Signal(entry.signal_type, value))
            sounds[number] = row, entry, told
        elif listed_frames(entry.flags) is not None:
            videos[row, entry.key] = entry
        else:
            past, _capped = find_past(Signal(entry.signal_type, value), row.distance)
            found.setdefault(row, []).extend(_hits(row, entry, past))
    for (row, key), entry in videos.items():
        check()
        looks = looks_listed(row, key)
        if max(looks, default=0) == entry.row:  # looks that come later are searched with all of them
            for number, past in find_video(row, looks)[0].items():
                found.setdefault(row, []).extend(_hits(row, replace(entry, row=number), past))
    heard, _capped = find_sounds({number: told for number, (_, _, told) in sounds.items()}, check=check)
    for number, past in heard.items():
        row, entry, _ = sounds[number]
        found.setdefault(row, []).extend(_hits(row, entry, past))
    return found


def _hits(row: HashList, entry: StoredEntry, past: Sequence[Past]) -> Iterator[RecheckHit]:
    """What an entry found; one that finds too much falls to hold."""
    items = len({one.item for one in past})
    if items > LEAST_OF_EVERYTHING and items > SHARE_OF_EVERYTHING * _kept():
        _hold(row, entry, items)
    return (_hit(row, entry, one) for one in past)


def _kept() -> int:
    return SeenHash.objects.values("item").distinct().count()


def _hit(row: HashList, entry: StoredEntry, past: Past) -> RecheckHit:
    return RecheckHit(
        list=row,
        entry=entry.row,
        key=entry.key,
        classification=entry.classification,
        seen=past.seen,
        item_id=past.item,
        signal_type=past.signal_type,
        part=past.part,
        distance=past.distance,
        transform=past.transform.value,
        detail=_detail(past),
        found_at=now(),
    )


def _detail(past: Past) -> JSON:
    if past.coverage is None and not past.spans:
        return None
    return {
        "coverage": [past.coverage.query, past.coverage.listed] if past.coverage else None,
        "spans": [[span.start, span.end, span.listed] for span in past.spans],
    }


def _hold(row: HashList, entry: StoredEntry, items: int) -> None:
    """Let an entry that seems to be no hash of one picture fall to hold, for people to judge.

    It is never taken out by itself: whoever floods a platform with one listed picture would then have
    everybody's copies of it called clear.
    """
    with transaction.atomic():
        list_store().hold_entry(row.name, entry.key, HITS_EVERYTHING)
        record(
            Event.ENTRY_HELD,
            _JOBS,
            subject=row.uid,
            payload={"name": row.name, "entry": entry.key, "why": HITS_EVERYTHING},
        )
        said = f"Entry {entry.key} matches {items:,} files of the past. Its hits are held for review."
        alarm(Alarm.LIST_ENTRY_HELD, row, said)


def entries_listed(row: HashList, key: str) -> dict[int, ListEntry]:
    """The entries of a list under one key, opened, by their numbers."""
    keys = list_store().row_keys()
    return {
        entry.number: ListEntry(
            row.name,
            key,
            Signal(entry.signal_type, keys.text(entry.number, entry.signal_type, bytes(entry.sealed))),
            entry.classification,
            frozenset(entry.flags.split()),
        )
        for entry in Entry.objects.filter(list=row, key=key).order_by("number")
    }


def looks_listed(row: HashList, key: str) -> dict[int, ListEntry]:
    """The looks of a listed video, by their numbers."""
    listed = entries_listed(row, key)
    return {number: each for number, each in listed.items() if listed_frames(each.flags) is not None}


# Caps and their release


def room(row: HashList, key: str | None) -> int:
    """How many more occurrences of the past may come into cases now, for a list's entry."""
    caps = settings.CONFIG.recheck
    of_list = FoundByRecheck.objects.filter(hit__list=row)
    left = caps.list_cap - of_list.filter(at__gt=now() - timedelta(days=1)).count()
    if key is not None:
        left = min(left, caps.entry_cap - of_list.filter(hit__key=key).count())
    return max(0, left)


def recheck_start(actor: Actor, name: str, *, key: str | None = None, reason: str) -> int:
    """Release what waits beyond the caps, of one entry or of the whole list; a job brings it into cases.

    Returns how many finds were released.
    """
    require(actor, Permission.LIST_CHANGE)
    why, row = check_reason(reason), list_row(name)
    with transaction.atomic():
        waiting = waiting_hits(row, key)
        count = waiting.update(state=RecheckHit.State.RELEASED)
        _clear_when_none_waits(row)
        if count:
            enqueue(RELEASE_JOB, {"list": str(row.uid)})
        record(
            Event.RECHECK_RELEASED, actor, subject=row.uid, payload={"hits": count, "key": key, "reason": why}
        )
    return count


def discard_recheck(actor: Actor, name: str, *, key: str | None = None, reason: str) -> int:
    """Make no cases of what waits beyond the caps; how many finds."""
    require(actor, Permission.LIST_CHANGE)
    why, row = check_reason(reason), list_row(name)
    with transaction.atomic():
        count = waiting_hits(row, key).update(state=RecheckHit.State.DISCARDED)
        _clear_when_none_waits(row)
        record(
            Event.RECHECK_DISCARDED,
            actor,
            subject=row.uid,
            payload={"hits": count, "key": key, "reason": why},
        )
    return count


def _clear_when_none_waits(row: HashList) -> None:
    if not waiting_hits(row).exists():
        clear_alarm(Alarm.RECHECK_WAITING, row)


def waiting_hits(row: HashList, key: str | None = None) -> QuerySet[RecheckHit]:
    """A list's finds that wait."""
    waiting = row.recheck_hits.filter(state=RecheckHit.State.WAITING)
    return waiting if key is None else waiting.filter(key=key)
