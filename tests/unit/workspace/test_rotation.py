"""A root key is replaced while everyone goes on, and the old one goes when nothing needs it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from conformance import entries, entry, found

from safelight.errors import KeyMismatch, UsageError, WorkspaceBusy
from safelight.keys import sealed_with
from safelight.lists import Added, sqlite
from safelight.lists.adding import Offered
from safelight.lists.row_secrets import RowKeys
from safelight.types import ListEntry
from safelight.workspace import Workspace, retire, rotate, unfinished
from safelight.workspace.lock import workspace_lock
from safelight.workspace.verification import verify_lists


def _sound(workspace: Workspace) -> bool:
    return all(finding.ok for finding in verify_lists(workspace, lambda _done, _total: None))


def _keys_of_rows(workspace: Workspace) -> set[str]:
    with workspace.store.read_apart() as connection:
        return {sealed_with(sealed) for (sealed,) in connection.execute("SELECT sealed FROM entry")}


def test_everything_is_sealed_with_the_new_key(workspace: Workspace) -> None:
    workspace.store.add(entries(range(30)))
    old = workspace.keyring.primary_id
    rotation = rotate(workspace)
    assert rotation.current != old
    assert rotation.replaced == (old,)
    assert _keys_of_rows(workspace) == {rotation.current}
    assert workspace.store.key_use().former == ()
    assert found(workspace.store, 7) == [[("a", "key 7")]]
    assert _sound(workspace)


def test_rows_and_derived_keys_stay_what_they_were(workspace: Workspace) -> None:
    workspace.store.add(entries(range(30)))
    rows, key = dict(workspace.store.live("pdq")), workspace.store.derive_key([entry(1).signal])
    rotate(workspace)
    with Workspace.open(workspace.directory) as again:
        assert dict(again.store.live("pdq")) == rows
        assert again.store.derive_key([entry(1).signal]) == key
        assert again.store.add(entries(range(30))) == Added(known=30)


def test_indexes_have_to_be_rebuilt(workspace: Workspace) -> None:
    workspace.store.add(entries(range(3)))
    stamp, key = workspace.store.stamp(), workspace.index_key()
    rotate(workspace)
    assert workspace.store.stamp().epoch != stamp.epoch
    assert workspace.store.stamp().sequence == stamp.sequence
    assert workspace.index_key() != key


def test_others_who_have_the_workspace_open_go_on(workspace: Workspace) -> None:
    workspace.store.add(entries(range(30)))
    with Workspace.open(workspace.directory) as other:
        assert found(other.store, 1) == [[("a", "key 1")]]
        rotate(workspace)
        retire(workspace)
        assert found(other.store, 1) == [[("a", "key 1")]]
        assert other.store.add([entry(1), entry(99)]) == Added(added=1, known=1)
        assert len(dict(other.store.live("pdq"))) == 31
        assert other.index_key() == workspace.index_key()
    assert _keys_of_rows(workspace) == {workspace.keyring.primary_id}


def _key_file_only(workspace: Workspace) -> None:
    workspace.key_file.add_primary()


def _adopted(workspace: Workspace) -> None:
    workspace.store.adopt_key(workspace.key_file.add_primary().primary_id)


def _half_sealed(workspace: Workspace) -> None:
    def stop(_rows: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotate(workspace, stop)


@pytest.mark.parametrize("interrupt", [_key_file_only, _adopted, _half_sealed])
def test_an_interrupted_rotation_harms_nothing_and_is_finished_later(
    workspace: Workspace, interrupt: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("safelight.lists.sqlite.BATCH", 10)
    workspace.store.add(entries(range(35)))
    old = workspace.keyring.primary_id
    assert callable(interrupt)
    interrupt(workspace)
    with Workspace.open(workspace.directory) as again:
        assert unfinished(again)
        for number in (0, 12, 34):
            assert found(again.store, number) == [[("a", f"key {number}")]]
        assert again.store.add([*entries(range(35)), entry(50)]) == Added(added=1, known=35)
        assert again.store.withdraw("a", ["key 3"]) == 1
        assert len(list(again.store.live("pdq"))) == 35
        assert _sound(again)
        with pytest.raises(UsageError, match="keys rotate"):
            retire(again)
        rotation = rotate(again)
        assert rotation.resumed
        assert len(again.keyring.keys) == 2
        assert _keys_of_rows(again) == {rotation.current} != {old}
        assert not unfinished(again)
        assert _sound(again)


def test_only_keys_that_nothing_needs_are_retired(workspace: Workspace) -> None:
    assert retire(workspace) == ()
    old = workspace.keyring.primary_id
    rotate(workspace)
    assert retire(workspace) == (old,)
    assert workspace.keyring.ids() == {workspace.store.key_use().current}
    Workspace.open(workspace.directory).close()


def test_a_backup_opens_while_its_key_is_kept_and_not_after(workspace: Workspace, tmp_path: Path) -> None:
    workspace.store.add(entries(range(5)))
    shutil.copytree(workspace.directory, tmp_path / "backup")
    rotate(workspace)
    with Workspace.open(tmp_path / "backup") as backup:
        assert found(backup.store, 1) == [[("a", "key 1")]]
        rotate(backup)
        assert found(backup.store, 1) == [[("a", "key 1")]]
    shutil.rmtree(tmp_path / "backup")
    shutil.copytree(workspace.directory, tmp_path / "backup")
    rotate(workspace)
    retire(workspace)
    with pytest.raises(KeyMismatch, match="needs root key"):
        Workspace.open(tmp_path / "backup")


def test_two_do_not_rotate_at_once(workspace: Workspace) -> None:
    with workspace_lock(workspace.directory, 0), pytest.raises(WorkspaceBusy, match="keys"):
        rotate(workspace)
    assert len(workspace.keyring.keys) == 1


def test_progress_counts_every_row(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("safelight.lists.sqlite.BATCH", 10)
    workspace.store.add(entries(range(25)))
    steps: list[int] = []
    rotate(workspace, steps.append)
    assert steps == [10, 10, 5]


def test_a_rotation_between_preparing_and_writing_is_noticed(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare, rotations = sqlite._tagged, []

    def rotate_once(batch: list[tuple[ListEntry, bytes]], keys: RowKeys) -> list[Offered]:
        prepared = prepare(batch, keys)
        if not rotations:
            rotations.append(rotate(workspace))
        return prepared

    monkeypatch.setattr(sqlite, "_tagged", rotate_once)
    with Workspace.open(workspace.directory) as other:
        other.store.add([entry(1)])
    assert found(workspace.store, 1) == [[("a", "key 1")]]
    assert _sound(workspace)
