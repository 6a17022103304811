"""Intake can seal and not open; a destroyed record is the end of its object; keys can be rotated."""

from __future__ import annotations

from uuid import UUID

import pytest

from safelight.errors import KeyRecordDamaged, KeyRecordMissing, ObjectExists, UsageError, WrappingKeyMissing
from safelight.ids import uuid7
from safelight.vault.evidence import open_sealed, seal
from safelight.vault.object_key import ObjectKey
from safelight.vault.records import MemoryKeyRecords, rewrap_all
from safelight.vault.stores.memory import MemoryStore
from safelight.vault.wrapping import Keeper, KeyRecord, SealingKey, WrappingKey


def test_evidence_sealed_to_a_public_key_is_opened_by_its_keeper() -> None:
    pair, store = WrappingKey.generate(), MemoryStore()
    sealed = seal(store, SealingKey(pair.sealing_key.public), [b"some ", b"content"])
    assert open_sealed(store, Keeper([pair]), sealed.record).read() == b"some content"
    assert sealed.contents.length == 12
    assert sealed.sealed_size == store.size(sealed.object_id)
    assert sealed.object_id.version == 7


def test_the_object_does_not_carry_its_wrapped_key() -> None:
    pair, store = WrappingKey.generate(), MemoryStore()
    sealed = seal(store, pair.sealing_key, [b"content"])
    raw = store.objects[sealed.object_id]
    assert not any(sealed.record.wrapped[i : i + 8] in raw for i in range(len(sealed.record.wrapped) - 8))


def test_every_altered_byte_of_a_key_record_is_noticed() -> None:
    pair, object_id = WrappingKey.generate(), UUID(uuid7())
    raw = pair.sealing_key.wrap(ObjectKey.generate(), object_id).to_bytes()
    keeper = Keeper([pair])
    for position in range(len(raw)):
        altered = bytearray(raw)
        altered[position] ^= 0x01
        with pytest.raises((KeyRecordDamaged, WrappingKeyMissing)):
            keeper.unwrap(KeyRecord.parse(object_id, bytes(altered)))
    for kept in range(len(raw)):
        with pytest.raises(KeyRecordDamaged):
            KeyRecord.parse(object_id, raw[:kept])


def test_a_key_record_does_not_open_for_another_object() -> None:
    pair = WrappingKey.generate()
    record = pair.sealing_key.wrap(ObjectKey.generate(), UUID(uuid7()))
    with pytest.raises(KeyRecordDamaged):
        pair.unwrap(KeyRecord(UUID(uuid7()), record.wrapping_key, record.wrapped))


def test_a_record_reads_back() -> None:
    record = WrappingKey.generate().sealing_key.wrap(ObjectKey.generate(), UUID(uuid7()))
    assert KeyRecord.parse(record.object_id, record.to_bytes()) == record


def test_a_key_pair_reads_back_and_hides_its_secret() -> None:
    pair = WrappingKey.generate()
    assert WrappingKey(pair.secret()).id == pair.id
    assert pair.secret().hex() not in repr(pair)
    assert "wrapped" not in repr(pair.sealing_key.wrap(ObjectKey.generate(), UUID(uuid7())))


def test_the_message_names_the_key_that_is_missing() -> None:
    pair, other = WrappingKey.generate(), WrappingKey.generate()
    record = pair.sealing_key.wrap(ObjectKey.generate(), UUID(uuid7()))
    with pytest.raises(WrappingKeyMissing, match=pair.id):
        Keeper([other]).unwrap(record)


def test_a_keeper_needs_a_key() -> None:
    with pytest.raises(UsageError, match="Create one"):
        Keeper([])


def test_after_a_rotation_the_old_key_can_be_dropped_and_old_copies_open_nothing() -> None:
    old, new, store, records = (
        WrappingKey.generate(),
        WrappingKey.generate(),
        MemoryStore(),
        MemoryKeyRecords(),
    )
    sealed = [seal(store, old.sealing_key, [b"content %d" % i]) for i in range(3)]
    for one in sealed:
        records.add(one.record)
    raw = dict(store.objects)
    records.destroy(sealed[0].object_id)
    assert rewrap_all(records, Keeper([new, old])) == 2
    assert rewrap_all(records, Keeper([new, old])) == 0

    after = Keeper([new])
    assert store.objects == raw
    assert open_sealed(store, after, records.get(sealed[1].object_id)).read() == b"content 1"
    for one in sealed:
        with pytest.raises(WrappingKeyMissing):
            after.unwrap(one.record)


def test_rewrapping_does_not_bring_back_a_record_destroyed_meanwhile() -> None:
    old, new, records = WrappingKey.generate(), WrappingKey.generate(), MemoryKeyRecords()
    record = old.sealing_key.wrap(ObjectKey.generate(), UUID(uuid7()))
    records.add(record)
    rewrapped = Keeper([new, old]).rewrap(record)
    records.destroy(record.object_id)
    assert not records.replace(record, rewrapped)
    with pytest.raises(KeyRecordMissing, match="destroyed"):
        records.get(record.object_id)


def test_a_record_is_added_once() -> None:
    records = MemoryKeyRecords()
    record = WrappingKey.generate().sealing_key.wrap(ObjectKey.generate(), UUID(uuid7()))
    records.add(record)
    with pytest.raises(ObjectExists):
        records.add(record)
