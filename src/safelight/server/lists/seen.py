"""Hashes kept of past files, and the index source made of them: a new entry is searched against the past.

A picture's hash is kept with its seven turned and mirrored variants, in one row that stands for eight rows of
the index, so that one search finds a past picture however it was turned. Rows are written by many arrivals at
once and get their numbers afterwards, by one at a time, so that no arrival waits for another. Sounds are
kept too, without a number and in no index.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain, islice
from math import ceil
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from safelight.ids import uuid7
from safelight.keys import Purpose, Sealer, Tagger
from safelight.lists.checks import pack_query
from safelight.lists.store import Change, ChangeKind, Stamp
from safelight.matching.kinds import PDQ
from safelight.matching.videos import looks_of
from safelight.server.ids import now
from safelight.server.intake.models import Item
from safelight.server.lists.apart import one_state
from safelight.server.lists.models import SeenGone, SeenHash, SeenState
from safelight.server.secrets import ProcessKeys, process_keys
from safelight.signals.audio import SOUND_TYPES
from safelight.signals.vpdq import VPDQ
from safelight.signals.weights import TENSORS
from safelight.types import Signal, Transform
from safelight.values import unpack

VARIANTS: Final = len(Transform)
KEPT_OF_A_FILE: Final = 256
"""Hashes kept of one file at most: an archive or a video may have thousands."""
_LAST: Final = frozenset({"md5", "sha1"})
_BATCH: Final = 2_000
_RENEWED: Final = timedelta(hours=12)
"""A file that comes again and again is noted as seen this often, not each time."""


class SeenKeys:
    """Seals and tags kept hashes, under keys of records: they outlive a rotation as records do."""

    def __init__(self, ring: ProcessKeys) -> None:
        self._sealer = Sealer(ring, Purpose.RECORD_SEAL)
        self._taggers = [Tagger(ring, Purpose.RECORD_LOOKUP, id_) for id_ in ring.ids_in_order()]

    def tags(self, signal: Signal) -> list[bytes]:
        """The tags that a kept hash of this value may have, the present root key's first."""
        message = b"seen\0" + signal.type.encode() + b"\0" + pack_query(signal)
        return [tagger.tag(message) for tagger in self._taggers]

    def seal(self, item: UUID, tag: bytes, signal: Signal) -> bytes:
        """A picture's hash and its variants, or a sound's fingerprint."""
        raws = [pack_query(Signal(signal.type, value)) for value in (signal.value, *signal.variants)]
        return self._sealer.seal(b"".join(raws), _place(item, tag))

    def open(self, item: UUID, tag: bytes, sealed: bytes, signal_type: str = PDQ.signal_type) -> list[str]:
        """The hash and its variants, in the order of :class:`~safelight.types.Transform`; of a sound itself.

        Raises :class:`~safelight.errors.KeyMismatch`.
        """
        raw = self._sealer.open(sealed, _place(item, tag))
        width = PDQ.width if signal_type == PDQ.signal_type else len(raw)
        return [unpack(signal_type, raw[at : at + width]) for at in range(0, len(raw), width)]


def _place(item: UUID, tag: bytes) -> bytes:
    return b"safelight/server/seen/" + item.bytes + tag


@functools.cache
def process_seen_keys() -> SeenKeys:
    """This process's keys for kept hashes."""
    return SeenKeys(process_keys())


def keep_seen(item: Item, signals: Sequence[Signal], at: datetime) -> None:
    """Keep a file's hashes, or note that it was seen again; in the transaction that records its arrival."""
    there = SeenHash.objects.filter(item=item)
    before = list(there.values_list("seen_at", flat=True))
    offered = {(signal.type, signal.value) for signal in _kept(signals)}
    # A file that was scanned in part has fewer rows than it has hashes now.
    if len(before) >= len(offered) and all(seen > at - _RENEWED for seen in before):
        return
    if before:
        there.update(seen_at=at)
    SeenHash.objects.bulk_create(seen_rows(item, signals, at), ignore_conflicts=True)


def seen_rows(item: Item, signals: Sequence[Signal], at: datetime) -> list[SeenHash]:
    """The rows that a file's hashes are kept in, each hash once; not written yet."""
    keys = process_seen_keys()
    rows: dict[tuple[str, bytes], SeenHash] = {}
    for signal in _kept(signals):
        tag = keys.tags(signal)[0]
        near = signal.type == PDQ.signal_type or signal.type in SOUND_TYPES
        rows.setdefault(
            (signal.type, tag),
            SeenHash(
                item=item,
                signal_type=signal.type,
                tag=tag,
                sealed=keys.seal(item.pk, tag, signal) if near else None,
                part=str(signal.part),
                seen_at=at,
            ),
        )
    return list(rows.values())


def _kept(signals: Iterable[Signal]) -> Iterator[Signal]:
    """Those that are kept. A tensor alone says nothing of a model: past models are found as wholes.

    The file's own hashes come first, and of what it holds MD5 and SHA-1 last. Of a long video, frames from
    its beginning to its end at even distances.
    """
    told = sorted((signal for signal in signals if signal.type not in TENSORS), key=_turn)
    others = [signal for signal in told if signal.type != VPDQ.name]
    frames = [look.signal for signal in told if signal.type == VPDQ.name for look in looks_of(signal)]
    room = max(1, KEPT_OF_A_FILE - len(others))
    return islice(chain(others, frames[:: max(1, ceil(len(frames) / room))]), KEPT_OF_A_FILE)


def _turn(signal: Signal) -> tuple[bool, bool]:
    return bool(signal.part.members), signal.type in _LAST


def number_pending() -> int:
    """Give rows that were committed since their numbers; how many. One process at a time does it."""
    given = 0
    pending = SeenHash.objects.filter(
        number=None, sealed__isnull=False, signal_type=PDQ.signal_type
    ).order_by("id")
    while pending.exists():
        with transaction.atomic():
            state = locked_state()
            ids = list(pending.values_list("id", flat=True)[:_BATCH])
            with connection.cursor() as cursor:
                cursor.executemany(
                    "UPDATE lists_seenhash SET number = %s WHERE id = %s",
                    [(state.sequence + after, id_) for after, id_ in enumerate(ids, start=1)],
                )
            state.sequence += len(ids)
            state.save(update_fields=["sequence"])
        given += len(ids)
    return given


def expire_seen(days: int) -> int:
    """Delete what was last seen more than so many days ago; 0 keeps nothing. How many went."""
    before, gone = now() - timedelta(days=days), 0
    while True:
        with transaction.atomic():
            state = locked_state()
            old = SeenHash.objects.filter(seen_at__lte=before).order_by("id")
            some = list(old.values_list("id", "number")[:_BATCH])
            if not some:
                return gone
            numbers = [number for _, number in some if number is not None]
            SeenGone.objects.bulk_create(
                SeenGone(sequence=state.sequence + after, number=number)
                for after, number in enumerate(numbers, start=1)
            )
            state.sequence += len(numbers)
            state.save(update_fields=["sequence"])
            SeenHash.objects.filter(pk__in=[id_ for id_, _ in some]).delete()
        gone += len(some)


def locked_state() -> SeenState:
    """The one row, locked until the transaction ends."""
    SeenState.objects.get_or_create(one=1, defaults={"epoch": uuid7()})
    return SeenState.objects.select_for_update().get(one=1)


class SeenSource:
    """An :class:`~safelight.matching.source.IndexSource` of numbered rows; row *8n + k* is variant *k*."""

    def __init__(self, ring: ProcessKeys) -> None:
        self._ring = ring
        self._keys = SeenKeys(ring)

    def layout_key(self) -> bytes:
        """The key that the index files are disguised under, another than that of the lists' indexes."""
        return hashlib.sha256(b"seen\0" + self._ring.subkey(Purpose.INDEX_LAYOUT)).digest()

    def stamp(self) -> Stamp:
        """The present state."""
        state = SeenState.objects.filter(one=1).first()
        epoch, sequence = (state.epoch, state.sequence) if state else ("", 0)
        # The layout follows the root key, and with it the files.
        epoch = f"{epoch}/{self._ring.primary_id}"
        return Stamp(self._ring.workspace, epoch, _last(sequence))

    def changes(self, after: int, limit: int = 10_000) -> Sequence[Change]:
        """Changes with a sequence greater than ``after``, oldest first, at most ``limit``."""
        until, first, rows = self.stamp().sequence // VARIANTS, (after + 1) // VARIANTS, limit // VARIANTS + 2
        added = SeenHash.objects.filter(number__gte=first, number__lte=until).order_by("number")
        gone = SeenGone.objects.filter(sequence__gte=first, sequence__lte=until).order_by("sequence")
        changes = [
            Change(row, ChangeKind.ADD, row, PDQ.signal_type, value)
            for told in added.values_list("number", "item_id", "tag", "sealed")[:rows]
            for row, value in self._expanded(told)
        ]
        changes += [
            Change(VARIANTS * sequence + k, ChangeKind.WITHDRAW, VARIANTS * number + k, PDQ.signal_type)
            for sequence, number in gone.values_list("sequence", "number")[:rows]
            for k in range(VARIANTS)
        ]
        changes.sort(key=lambda change: change.sequence)
        return list(islice((change for change in changes if change.sequence > after), limit))

    def live(self, signal_type: str) -> Iterator[tuple[int, str]]:
        """Every live row of a type as (row, value); sees one consistent state."""
        query = (
            "SELECT number, item_id, tag, sealed FROM lists_seenhash WHERE signal_type = %s AND number > %s"
            " ORDER BY number LIMIT %s"
        )
        last = -1
        with one_state() as apart:
            while True:
                with apart.cursor() as cursor:
                    cursor.execute(query, (signal_type, last, _BATCH))
                    rows = cursor.fetchall()
                if not rows:
                    return
                for number, item, tag, sealed in rows:
                    yield from self._expanded((number, UUID(str(item)), tag, sealed))
                last = rows[-1][0]

    def _expanded(
        self, told: tuple[int | None, UUID, bytes | memoryview, bytes | memoryview | None]
    ) -> Iterator[tuple[int, str]]:
        number, item, tag, sealed = told
        assert number is not None
        assert sealed is not None
        for k, value in enumerate(self._keys.open(item, bytes(tag), bytes(sealed))):
            yield VARIANTS * number + k, value


def _last(sequence: int) -> int:
    return VARIANTS * sequence + VARIANTS - 1
