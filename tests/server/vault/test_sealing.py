"""Bytes first, then the row: whatever fails in between, no row is committed without its bytes."""

from __future__ import annotations

import os

import pytest
from django.db import IntegrityError, transaction

from safelight.errors import StoreFull
from safelight.server.ids import now
from safelight.server.ledger.models import LedgerRow
from safelight.server.people.actors import SystemActor
from safelight.server.vault import place
from safelight.server.vault.errors import SealedTooLate
from safelight.server.vault.key_records import key_record
from safelight.server.vault.models import SealedObject
from safelight.server.vault.orphans import remove_orphans_once
from safelight.server.vault.services import keep, live_object, seal, store_sealed

WEB = SystemActor("web")
pytestmark = pytest.mark.django_db


def test_what_was_sealed_is_read_back_and_its_clocks_run(seal_one) -> None:
    content = os.urandom(3 << 20)
    row = seal_one(content)
    assert (row.length, row.state, row.standing) == (len(content), "sealed", "undecided")
    row.refresh_from_db()
    assert len(row.wrapped_key) == 89
    assert place.vault().read(key_record(row), 0, len(content)) == content
    assert LedgerRow.objects.filter(event="evidence.sealed").count() == 1


def test_the_file_position_of_the_caller_is_left_alone(vault, item_of, fd_of) -> None:
    fd = fd_of(b"content")
    position = os.lseek(fd, 3, os.SEEK_SET)
    row = seal(item_of(), fd, actor=WEB)
    assert row.length == 7
    assert os.lseek(fd, 0, os.SEEK_CUR) == position


def test_a_full_store_leaves_no_row(vault, item_of, fd_of, monkeypatch) -> None:
    def full(*_):
        raise StoreFull("No room. Free or add space.")

    monkeypatch.setattr(place.store(), "put", full, raising=True)
    with pytest.raises(StoreFull):
        seal(item_of(), fd_of(b"content"), actor=WEB)
    assert not SealedObject.objects.exists()


def test_a_transaction_that_fails_leaves_only_an_orphan_which_is_removed(vault, item_of, fd_of) -> None:
    item, sealed = item_of(), store_sealed(fd_of(b"content"))

    @transaction.atomic
    def interrupted() -> None:
        keep(sealed, item, actor=WEB)
        _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        interrupted()
    assert not SealedObject.objects.exists()
    assert list(vault.store.ids()) == [sealed.object_id]
    assert remove_orphans_once() == 0  # it might still be about to be recorded
    assert remove_orphans_once(grace=-now().resolution * 10**6) == 1
    assert list(vault.store.ids()) == []
    assert LedgerRow.objects.filter(event="evidence.abandoned").count() == 1


def test_what_was_removed_as_an_orphan_cannot_be_recorded_any_more(vault, item_of, fd_of) -> None:
    item, sealed = item_of(), store_sealed(fd_of(b"content"))
    remove_orphans_once(grace=-now().resolution * 10**6)
    with pytest.raises(SealedTooLate), transaction.atomic():
        keep(sealed, item, actor=WEB)
    assert live_object(item) is None


def test_recorded_evidence_is_never_removed_as_an_orphan(vault, seal_one) -> None:
    row = seal_one()
    assert remove_orphans_once(grace=-now().resolution * 10**6) == 0
    assert list(vault.store.ids()) == [row.pk]


def test_an_item_has_one_object_and_the_second_copy_is_removed(
    vault, seal_one, item_of, django_capture_on_commit_callbacks
) -> None:
    item = item_of()
    first = seal_one(b"content", item)
    with django_capture_on_commit_callbacks(execute=True):
        assert seal_one(b"content", item).pk == first.pk
    assert list(vault.store.ids()) == [first.pk]


def test_the_database_refuses_sealed_without_a_key_and_a_key_that_was_destroyed(seal_one) -> None:
    row = seal_one()
    for change in ({"wrapped_key": None}, {"state": "destroyed"}, {"destroyed_at": now()}):
        with pytest.raises(IntegrityError, match="sealed_means"), transaction.atomic():
            SealedObject.objects.filter(pk=row.pk).update(**change)
