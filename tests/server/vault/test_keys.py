"""Nothing is sealed that could not be opened later: not with another root key, nor to a key rotated away."""

from __future__ import annotations

import pytest
from django.db import transaction

from safelight.errors import WrappingKeyMissing
from safelight.ids import uuid7
from safelight.keys import Keyring
from safelight.server.people.actors import SystemActor
from safelight.server.vault import place
from safelight.server.vault.errors import SealingKeyRetired, VaultUnreachable
from safelight.server.vault.key_records import key_record
from safelight.server.vault.models import SealedObject, VaultKey
from safelight.server.vault.services import keep, prove_keys, rewrap_once, seal, store_sealed

WEB = SystemActor("web")
pytestmark = pytest.mark.django_db


def test_another_root_key_seals_nothing(vault, seal_one, item_of, fd_of) -> None:
    seal_one()
    vault.restart_with(Keyring.generate(uuid7()))
    with pytest.raises(WrappingKeyMissing, match="Restore the key file"):
        prove_keys()
    with pytest.raises(WrappingKeyMissing):
        seal(item_of(), fd_of(b"more"), actor=WEB)
    assert SealedObject.objects.count() == 1


def test_another_root_key_is_refused_even_before_the_first_evidence(vault) -> None:
    prove_keys()
    vault.restart_with(Keyring.generate(uuid7()))
    with pytest.raises(WrappingKeyMissing):
        prove_keys()


def test_without_a_vault_nothing_is_sealed(configured, item_of, fd_of) -> None:
    with pytest.raises(VaultUnreachable):
        seal(item_of(), fd_of(b"content"), actor=WEB)
    assert not SealedObject.objects.exists()


def test_after_a_rotation_everything_old_is_read_rewrapped_and_the_old_key_dropped(vault, seal_one) -> None:
    rows = [seal_one(b"content %d" % n) for n in range(3)]
    vault.rotate()
    prove_keys()
    assert [key.retired_at is None for key in VaultKey.objects.order_by("since")] == [False, True]
    assert place.vault().read(key_record(rows[0]), 0, 9) == b"content 0"
    assert rewrap_once() == 3
    assert rewrap_once() == 0
    vault.restart_with(vault.without_old_keys())
    prove_keys()
    for number, row in enumerate(rows):
        stale = key_record(row)
        row.refresh_from_db()
        assert place.vault().read(key_record(row), 0, 9) == b"content %d" % number
        with pytest.raises(WrappingKeyMissing):  # as it would lie in an old backup
            place.vault().read(stale, 0, 9)


def test_the_old_key_cannot_be_dropped_before_everything_was_rewrapped(vault, seal_one) -> None:
    seal_one()
    vault.rotate()
    prove_keys()
    vault.restart_with(vault.without_old_keys())
    with pytest.raises(WrappingKeyMissing):
        prove_keys()


def test_what_was_being_sealed_to_a_key_rotated_away_is_refused_and_sealed_again(
    vault, item_of, fd_of
) -> None:
    item, sealed = item_of(), store_sealed(fd_of(b"content"))
    vault.rotate()
    prove_keys()
    with pytest.raises(SealingKeyRetired), transaction.atomic():
        keep(sealed, item, actor=WEB)
    assert seal(item, fd_of(b"content"), actor=WEB).wrapping_key == prove_keys().id
