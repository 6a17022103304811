"""A process holds the keys it was given, and can do nothing for which it was given none."""

from __future__ import annotations

import os

import pytest

from safelight.errors import KeyMismatch, KeyMissing
from safelight.keys import Keyring, Purpose, RootKey, Sealer
from safelight.server.secrets import ProcessKeys

RING = Keyring.generate("workspace").with_primary(RootKey.generate())
GIVEN = (Purpose.RECORD_SEAL, Purpose.DJANGO_SECRET)


def handed_over() -> ProcessKeys:
    fd = ProcessKeys.of(RING, GIVEN).to_memory()
    try:
        return ProcessKeys.from_memory(fd)
    finally:
        os.close(fd)


def test_what_was_given_is_what_the_root_key_gives():
    keys = handed_over()
    assert keys.ids() == RING.ids()
    for id_ in (None, *RING.ids()):
        for purpose in GIVEN:
            assert keys.subkey(purpose, id_) == RING.subkey(purpose, id_)


@pytest.mark.parametrize("purpose", sorted(set(Purpose) - set(GIVEN)))
def test_a_purpose_that_was_not_given_is_refused(purpose):
    with pytest.raises(KeyMissing, match=purpose):
        handed_over().subkey(purpose)


def test_a_root_key_that_was_not_there_is_refused():
    with pytest.raises(KeyMismatch, match="started anew"):
        handed_over().subkey(Purpose.RECORD_SEAL, RootKey.generate().id)


def test_values_sealed_under_an_older_root_key_still_open():
    former = next(iter(RING.ids() - {RING.primary_id}))
    sealed = Sealer(RING, Purpose.RECORD_SEAL, former).seal(b"value", b"place")
    assert Sealer(handed_over(), Purpose.RECORD_SEAL).open(sealed, b"place") == b"value"


def test_the_memory_file_cannot_be_changed_and_no_repr_shows_a_key():
    keys = ProcessKeys.of(RING, GIVEN)
    fd = keys.to_memory()
    with pytest.raises(PermissionError):
        os.pwrite(fd, b"x", 0)
    os.close(fd)
    assert keys.subkey(Purpose.RECORD_SEAL).hex() not in repr(keys)
    assert repr(keys.subkey(Purpose.RECORD_SEAL)) not in repr(keys)
