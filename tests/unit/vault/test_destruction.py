"""What was destroyed stays destroyed, after a kill and after a restored backup."""

from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import pytest

from safelight.errors import (
    DestructionLogDamaged,
    KeyRecordMissing,
    ObjectMissing,
    StoreUnavailable,
    UsageError,
)
from safelight.ids import uuid7
from safelight.vault.destruction import DestructionLog, Replayed, destroy, replay
from safelight.vault.evidence import Sealed, open_sealed, seal
from safelight.vault.records import MemoryKeyRecords
from safelight.vault.stores.memory import MemoryStore
from safelight.vault.wrapping import Keeper, WrappingKey

PAIR = WrappingKey.generate()
KEEPER = Keeper([PAIR])


class Vault:
    """A store, its records and its log, with some evidence in it."""

    def __init__(self, directory: Path) -> None:
        self.store, self.records = MemoryStore(), MemoryKeyRecords()
        (directory / "workspace").mkdir()
        self.path = directory / "destructions"
        self.log = DestructionLog(self.path, backed_up=directory / "workspace")
        self.log.create()
        self.evidence = [self._seal(b"content %d" % i) for i in range(4)]

    def _seal(self, content: bytes) -> Sealed:
        sealed = seal(self.store, PAIR.sealing_key, [content])
        self.records.add(sealed.record)
        return sealed

    def read(self, index: int) -> bytes:
        return open_sealed(self.store, KEEPER, self.records.get(self.evidence[index].object_id)).read()

    def destroy(self, index: int) -> None:
        destroy(self.evidence[index].object_id, self.log, self.records, self.store)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path)


def test_a_destroyed_object_cannot_be_read_and_others_can(vault: Vault) -> None:
    vault.destroy(1)
    with pytest.raises(KeyRecordMissing):
        vault.read(1)
    with pytest.raises(ObjectMissing):
        vault.store.size(vault.evidence[1].object_id)
    assert vault.read(2) == b"content 2"
    assert list(vault.log) == [vault.evidence[1].object_id]


def test_without_its_key_record_a_kept_copy_of_the_bytes_is_noise(vault: Vault) -> None:
    raw = vault.store.objects[vault.evidence[1].object_id]
    vault.destroy(1)
    vault.store.objects[vault.evidence[1].object_id] = raw
    for other in (0, 2, 3):
        key = KEEPER.unwrap(vault.evidence[other].record)
        assert key.identity(vault.evidence[1].object_id) not in raw
    with pytest.raises(KeyRecordMissing):
        vault.read(1)


def test_a_restored_backup_is_destroyed_again(vault: Vault) -> None:
    backup_of_records = copy.copy(vault.records._records)
    backup_of_store = dict(vault.store.objects)
    vault.destroy(0)
    vault.destroy(3)
    vault.records._records, vault.store.objects = backup_of_records, backup_of_store
    assert vault.read(0) == b"content 0"

    assert replay(vault.log, vault.records, vault.store) == Replayed(logged=2, destroyed_again=2)
    for gone in (0, 3):
        with pytest.raises(KeyRecordMissing):
            vault.read(gone)
    assert set(vault.store.ids()) == {vault.evidence[1].object_id, vault.evidence[2].object_id}
    assert replay(vault.log, vault.records, vault.store) == Replayed(logged=2, destroyed_again=0)


@pytest.mark.parametrize("killed_before", ["destroy", "delete"])
def test_a_destruction_that_was_killed_half_way_is_completed(
    vault: Vault, monkeypatch: pytest.MonkeyPatch, killed_before: str
) -> None:
    def killed(_: UUID) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(vault.records if killed_before == "destroy" else vault.store, killed_before, killed)
        with pytest.raises(KeyboardInterrupt):
            vault.destroy(2)
    replay(vault.log, vault.records, vault.store)
    with pytest.raises(KeyRecordMissing):
        vault.read(2)
    assert vault.evidence[2].object_id not in set(vault.store.ids())


def test_nothing_is_destroyed_when_the_log_cannot_be_written(vault: Vault) -> None:
    vault.path.unlink()
    with pytest.raises(DestructionLogDamaged, match="missing"):
        vault.destroy(0)
    assert vault.read(0) == b"content 0"
    with pytest.raises(DestructionLogDamaged, match="missing"):
        replay(vault.log, vault.records, vault.store)


def test_the_log_holds_ids_and_checksums_only(vault: Vault) -> None:
    vault.destroy(0)
    first, line = vault.path.read_text().splitlines()
    assert first == "safelight destructions 1"
    object_id, check = line.split(" ")
    assert UUID(object_id) == vault.evidence[0].object_id
    assert len(check) == 16
    assert vault.path.stat().st_mode & 0o077 == 0


def test_creating_again_keeps_what_is_there(vault: Vault) -> None:
    vault.destroy(0)
    vault.log.create()
    assert len(list(vault.log)) == 1


def test_a_torn_line_was_never_acknowledged_and_is_written_over(vault: Vault) -> None:
    vault.destroy(0)
    whole = vault.path.read_bytes()
    vault.destroy(1)
    torn_from = vault.path.read_bytes()
    for kept in range(len(whole), len(torn_from)):
        vault.path.write_bytes(torn_from[:kept])
        assert len(list(vault.log)) == 1
        vault.log.append(vault.evidence[2].object_id)
        assert list(vault.log) == [vault.evidence[0].object_id, vault.evidence[2].object_id]


def test_every_altered_byte_of_the_log_is_noticed(vault: Vault) -> None:
    for index in range(3):
        vault.destroy(index)
    whole = vault.path.read_bytes()
    # The last line's end is the exception: without it the line counts as torn, so never acknowledged.
    for position in range(len(whole) - 1):
        altered = bytearray(whole)
        altered[position] ^= 0x01
        vault.path.write_bytes(bytes(altered))
        with pytest.raises(DestructionLogDamaged, match=r"[Ll]ine"):
            replay(vault.log, vault.records, vault.store)


def test_removed_and_moved_lines_are_noticed(vault: Vault) -> None:
    for index in range(3):
        vault.destroy(index)
    first, a, b, c = vault.path.read_bytes().splitlines(keepends=True)
    for lines in ([first, b, c], [first, a, c], [first, b, a, c], [a, b, c], [first, a, a, b, c], []):
        vault.path.write_bytes(b"".join(lines))
        with pytest.raises(DestructionLogDamaged):
            list(vault.log)


def test_concurrent_destructions_are_all_kept(vault: Vault) -> None:
    ids = [UUID(uuid7()) for _ in range(200)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(vault.log.append, ids))
    assert sorted(vault.log) == sorted(ids)


def test_a_log_inside_what_is_backed_up_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    for path in (tmp_path / "log", tmp_path / "a" / "log", tmp_path / "link" / "log"):
        with pytest.raises(UsageError, match="place of its own"):
            DestructionLog(path, backed_up=tmp_path)


def test_what_cannot_be_logged_is_not_destroyed(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("safelight.vault.destruction.write_all", full)
    with pytest.raises(StoreUnavailable, match="Nothing was destroyed"):
        vault.destroy(0)
    assert vault.read(0) == b"content 0"
