"""The database keeps key records as the core's protocol promises."""

from __future__ import annotations

from uuid import UUID

import pytest

from safelight.errors import KeyRecordDamaged, KeyRecordMissing, ObjectExists
from safelight.ids import uuid7
from safelight.server.vault.key_records import DatabaseKeyRecords
from safelight.server.vault.models import SealedObject
from safelight.vault.object_key import ObjectKey
from safelight.vault.records import KeyRecords
from safelight.vault.wrapping import KeyRecord, WrappingKey

pytestmark = pytest.mark.django_db


@pytest.fixture
def records() -> KeyRecords:
    return DatabaseKeyRecords()


def a_record(object_id: UUID | None = None) -> KeyRecord:
    return WrappingKey.generate().sealing_key.wrap(ObjectKey.generate(), object_id or UUID(uuid7()))


def test_a_record_comes_back_as_it_was_added(records) -> None:
    one, other = a_record(), a_record()
    records.add(one)
    records.add(other)
    assert records.get(one.object_id) == one
    assert set(records) == {one, other}
    with pytest.raises(ObjectExists):
        records.add(one)


def test_only_the_record_that_was_read_is_replaced(records) -> None:
    old = a_record()
    first, second = a_record(old.object_id), a_record(old.object_id)
    records.add(old)
    assert records.replace(old, first)
    assert not records.replace(old, second)
    assert records.get(old.object_id) == first


def test_a_destroyed_record_is_gone_and_never_replaced(records) -> None:
    old = a_record()
    records.add(old)
    assert records.destroy(old.object_id)
    assert not records.destroy(old.object_id)
    assert not records.replace(old, a_record(old.object_id))
    assert list(records) == []
    for object_id in (old.object_id, UUID(uuid7())):
        with pytest.raises(KeyRecordMissing):
            records.get(object_id)


def test_an_altered_record_is_noticed(records) -> None:
    old = a_record()
    records.add(old)
    SealedObject.objects.filter(pk=old.object_id).update(wrapped_key=b"\x09" + old.to_bytes()[1:])
    with pytest.raises(KeyRecordDamaged):
        records.get(old.object_id)
