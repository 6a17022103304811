"""A check finds what is missing, damaged or left over, and claims nothing that it did not look at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from safelight.errors import StoreUnavailable
from safelight.vault.check import CheckReport, Progress, check
from safelight.vault.evidence import seal
from safelight.vault.records import MemoryKeyRecords
from safelight.vault.stores.memory import MemoryStore
from safelight.vault.wrapping import Keeper, WrappingKey

PAIR = WrappingKey.generate()
KEEPER = Keeper([PAIR])


class Vault:
    """Five objects of some chunks each."""

    def __init__(self) -> None:
        self.store, self.records = MemoryStore(), MemoryKeyRecords()
        self.ids = [self.seal(b"content %d" % i * 100) for i in range(5)]

    def seal(self, content: bytes, pair: WrappingKey = PAIR) -> UUID:
        sealed = seal(self.store, pair.sealing_key, [content])
        self.records.add(sealed.record)
        return sealed.object_id

    def check(self, later: timedelta = timedelta(hours=2), sample: float = 1.0) -> CheckReport:
        return check(self.store, self.records, KEEPER, now=datetime.now(UTC) + later, sample=sample)

    def flip(self, object_id: UUID, position: int) -> None:
        raw = bytearray(self.store.objects[object_id])
        raw[position] ^= 1
        self.store.objects[object_id] = bytes(raw)


@pytest.fixture
def vault() -> Vault:
    return Vault()


def test_a_whole_vault_is_whole(vault: Vault) -> None:
    report = vault.check()
    assert report == CheckReport(recorded=5, verified=5)
    assert report.is_whole


def test_missing_damaged_and_orphaned_objects_are_named(vault: Vault) -> None:
    missing, damaged, orphaned = vault.ids[:3]
    vault.store.delete(missing)
    vault.flip(damaged, -1)
    vault.records.destroy(orphaned)
    report = vault.check()
    assert not report.is_whole
    assert report.missing == (missing,)
    assert [one.object_id for one in report.damaged] == [damaged]
    assert "altered" in report.damaged[0].reason
    assert report.orphaned == (orphaned,)
    assert (report.recorded, report.verified) == (4, 2)


def test_damage_anywhere_in_an_object_is_found(vault: Vault) -> None:
    size = vault.store.size(vault.ids[0])
    for position in range(0, size, 7):
        vault.flip(vault.ids[0], position)
        assert [one.object_id for one in vault.check().damaged] == [vault.ids[0]]
        vault.flip(vault.ids[0], position)


def test_an_object_that_was_stored_and_not_yet_recorded_is_no_orphan(vault: Vault) -> None:
    sealed = seal(vault.store, PAIR.sealing_key, [b"in flight"])
    assert vault.check(timedelta()).orphaned == ()
    assert vault.check(timedelta(hours=2)).orphaned == (sealed.object_id,)


def test_an_object_whose_key_is_not_held_is_locked_not_damaged(vault: Vault) -> None:
    locked = vault.seal(b"content", WrappingKey.generate())
    report = vault.check()
    assert report.locked == (locked,)
    assert not report.damaged
    assert not report.is_whole


def test_a_sample_looks_for_every_object_and_claims_only_what_it_read(vault: Vault) -> None:
    vault.store.delete(vault.ids[0])
    report = vault.check(sample=0.0)
    assert report.missing == (vault.ids[0],)
    assert (report.recorded, report.verified) == (5, 0)


def test_progress_is_told(vault: Vault) -> None:
    told: list[Progress] = []
    check(vault.store, vault.records, KEEPER, now=datetime.now(UTC), progress=told.append)
    assert told == [Progress(done, 5) for done in range(1, 6)]


def test_a_store_that_stops_answering_stops_the_check_and_damages_nothing(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object) -> int:
        raise StoreUnavailable("down")

    monkeypatch.setattr(vault.store, "size", down)
    with pytest.raises(StoreUnavailable):
        vault.check()


def test_an_object_destroyed_while_the_check_runs_is_not_missing(vault: Vault) -> None:
    # Ids of one millisecond are in no order.
    last = max(vault.ids)

    def destroy_the_last(progress: Progress) -> None:
        if progress.done == 1:
            vault.records.destroy(last)
            vault.store.delete(last)

    report = check(vault.store, vault.records, KEEPER, now=datetime.now(UTC), progress=destroy_the_last)
    assert report.is_whole
    assert report.verified == 4
