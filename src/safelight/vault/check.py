"""Whether every piece of evidence is there and whole, as far as it was looked at."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from safelight.errors import (
    KeyRecordDamaged,
    KeyRecordMissing,
    ObjectMissing,
    StoreUnavailable,
    VaultError,
    WrappingKeyMissing,
)
from safelight.vault.evidence import open_sealed
from safelight.vault.records import KeyRecords
from safelight.vault.stores.protocol import ObjectStore
from safelight.vault.wrapping import Keeper

_KEY_GONE: Final = "Its key is gone although nobody destroyed it. Restore the database from a backup."


@dataclass(frozen=True, slots=True)
class Damaged:
    """An object that is there and cannot be read as sealed, and why."""

    object_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check found. ``verified`` objects were read to their last byte; others were only looked for.

    ``locked`` objects need a private key that was not held, so nothing is known of them. ``orphaned`` objects
    have no key record, so nobody can read them: left over from a kill between storing and recording, or
    destroyed with the bytes still to be deleted.
    """

    recorded: int
    verified: int
    missing: tuple[UUID, ...] = ()
    damaged: tuple[Damaged, ...] = ()
    locked: tuple[UUID, ...] = ()
    orphaned: tuple[UUID, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether nothing recorded was found missing, damaged or locked."""
        return not (self.missing or self.damaged or self.locked)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a check has come."""

    done: int
    total: int


def check(
    store: ObjectStore,
    records: KeyRecords,
    keeper: Keeper,
    *,
    now: datetime,
    sample: float = 1.0,
    grace: timedelta = timedelta(hours=1),
    progress: Callable[[Progress], None] | None = None,
) -> CheckReport:
    """Look for every recorded object, and read all of them, or a random share (``sample``, 0-1), to the end.

    Objects without a record count as orphaned once they are older than ``grace``: younger ones may be about
    to be recorded. Raises only :class:`~safelight.errors.StoreUnavailable`, before or while looking.
    """
    known = sorted(records.ids())
    stored = set(store.ids())
    look = _Look(store, records, keeper)
    for done, object_id in enumerate(known, start=1):
        if sample >= 1.0 or random.random() < sample:  # noqa: S311 - a sample, no secret
            look.through(object_id)
        elif object_id not in stored:
            look.at(object_id)
        if progress is not None:
            progress(Progress(done, len(known)))
    still_known = set(records.ids())
    look.damaged += [Damaged(one, _KEY_GONE) for one in look.without_key if one in still_known]
    recorded = {*known, *still_known}
    orphaned = sorted(one for one in stored - recorded if sealed_at(one) < now - grace)
    return CheckReport(
        recorded=len(known),
        verified=look.verified,
        missing=tuple(look.missing),
        damaged=tuple(look.damaged),
        locked=tuple(look.locked),
        orphaned=tuple(orphaned),
    )


class _Look:
    """One pass over the objects, and what it found so far."""

    def __init__(self, store: ObjectStore, records: KeyRecords, keeper: Keeper) -> None:
        self._store, self._records, self._keeper = store, records, keeper
        self.verified = 0
        self.missing: list[UUID] = []
        self.damaged: list[Damaged] = []
        self.locked: list[UUID] = []
        self.without_key: list[UUID] = []

    def through(self, object_id: UUID) -> None:
        """Read an object to its end."""
        try:
            open_sealed(self._store, self._keeper, self._records.get(object_id)).verify()
        except StoreUnavailable:
            raise
        except KeyRecordMissing:
            self.without_key.append(object_id)  # destroyed on purpose since it was listed, perhaps
        except ObjectMissing:
            self._is_missing(object_id)
        except WrappingKeyMissing:
            self.locked.append(object_id)
        except VaultError as error:
            if self._still_recorded(object_id):
                self.damaged.append(Damaged(object_id, str(error)))
        else:
            self.verified += 1

    def at(self, object_id: UUID) -> None:
        """See whether an object that was not listed is there; it may have been stored since."""
        try:
            self._store.size(object_id)
        except ObjectMissing:
            self._is_missing(object_id)

    def _is_missing(self, object_id: UUID) -> None:
        if self._still_recorded(object_id):
            self.missing.append(object_id)

    def _still_recorded(self, object_id: UUID) -> bool:
        """Whether it was not destroyed on purpose meanwhile."""
        try:
            self._records.get(object_id)
        except KeyRecordMissing:
            return False
        except KeyRecordDamaged:
            pass
        return True


def sealed_at(object_id: UUID) -> datetime:
    """The time in a UUIDv7; other ids count as old."""
    if object_id.version != 7:
        return datetime.min.replace(tzinfo=UTC)
    return datetime.fromtimestamp((object_id.int >> 80) / 1000, UTC)
