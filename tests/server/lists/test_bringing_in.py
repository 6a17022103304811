"""`serve` takes the command line's lists over once; killed at any point, the next start goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conformance import entries, entry, found, pdq, replayed

from safelight.errors import WorkspaceError
from safelight.ids import uuid7
from safelight.keys import Keyring, Purpose
from safelight.lists import HashListInfo
from safelight.types import ListClass, ListEntry, Signal
from safelight.workspace import Workspace
from safelight.workspace.description import LOCAL, SERVER, read_description

if TYPE_CHECKING:
    from safelight.lists.sqlite import SqliteListStore
    from safelight.server.secrets import ProcessKeys

pytestmark = pytest.mark.usefixtures("committing_db")


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    with Workspace.create(tmp_path / "w", key_file=tmp_path / "key" / "root.toml") as made:
        yield made


@pytest.fixture
def keys(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> ProcessKeys:
    """The process's keys are those of this workspace."""
    from safelight.server.lists import waiting
    from safelight.server.secrets import ProcessKeys

    made = ProcessKeys.of(workspace.keyring, Purpose)
    monkeypatch.setattr(waiting, "process_keys", lambda: made)
    return made


@pytest.fixture
def local(workspace: Workspace) -> SqliteListStore:
    store = workspace.local
    assert store is not None
    store.create(HashListInfo("a", ListClass.CSAM, distance=20, shadow=True, source="somewhere"))
    store.create(HashListInfo("b", ListClass.TEST, enabled=False))
    return store


@pytest.fixture
def bring_in(workspace: Workspace, keys: ProcessKeys, workspace_setting: Callable[..., None]) -> Any:
    from django.conf import settings

    from safelight.server.lists import bringing_in

    workspace_setting(workspace=workspace.directory)
    return lambda: list(bringing_in.bring_in(settings.CONFIG, keys))


def served(keys: ProcessKeys) -> Any:
    from safelight.server.lists.store import DjangoListStore

    return DjangoListStore(keys)


def test_everything_is_there_afterwards_and_numbers_stay(
    local: SqliteListStore, bring_in: Any, keys: ProcessKeys, workspace: Workspace
) -> None:
    local.add([*entries(range(20)), entry(3, classification="A1"), entry(5, "b")])
    local.withdraw("a", ["key 7", "key 8"])
    before = local.stamp(), local.lists(), dict(local.live("pdq")), local.changes(0)
    derived = local.derive_key([Signal("pdq", pdq(1))])
    assert bring_in() == ["Took 19 listed hashes over from the command line's lists."]
    store = served(keys)
    assert (store.stamp(), store.lists(), dict(store.live("pdq")), store.changes(0)) == before
    assert store.derive_key([Signal("pdq", pdq(1))]) == derived
    assert found(store, 3, 7) == [[("a", "key 3")], []]
    assert read_description(workspace.directory).lists == SERVER
    assert not list(workspace.directory.glob("lists.sqlite3*"))


def test_a_second_start_brings_nothing_in_again(
    local: SqliteListStore, bring_in: Any, keys: ProcessKeys
) -> None:
    local.add(entries(range(5)))
    bring_in()
    store = served(keys)
    store.withdraw("a", ["key 1"])
    assert bring_in() == []
    assert store.get("a").entries == 4


@pytest.mark.parametrize("batches", [0, 1, 3])
def test_killed_half_way_it_goes_on_and_doubles_nothing(
    local: SqliteListStore,
    bring_in: Any,
    keys: ProcessKeys,
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    batches: int,
) -> None:
    from safelight.server.lists import bringing_in

    local.add(entries(range(50)))
    local.withdraw("a", ["key 2"])
    monkeypatch.setattr(bringing_in, "BATCH", 10)
    copy, copied = bringing_in._copy_some, []

    def killed_after(*args: Any) -> bool:
        if len(copied) == batches:
            raise KeyboardInterrupt
        copied.append(1)
        return copy(*args)

    monkeypatch.setattr(bringing_in, "_copy_some", killed_after)
    with pytest.raises(KeyboardInterrupt):
        bring_in()
    assert read_description(workspace.directory).lists == LOCAL
    with pytest.raises(WorkspaceError, match="taken over by the server"):
        local.add(entries([99]))
    with pytest.raises(WorkspaceError, match="taken over by the server"):
        local.change("a", distance=3)
    monkeypatch.setattr(bringing_in, "_copy_some", copy)
    bring_in()
    store = served(keys)
    assert store.tally("a") == {"pdq": 49}
    assert dict(store.live("pdq")) == replayed(store)


def test_killed_after_the_last_commit_only_the_files_are_left_to_do(
    local: SqliteListStore, bring_in: Any, keys: ProcessKeys, workspace: Workspace, monkeypatch: Any
) -> None:
    from safelight.server.lists import bringing_in

    local.add(entries(range(5)))

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(bringing_in, "write_description", killed)
        with pytest.raises(KeyboardInterrupt):
            bring_in()
    bring_in()
    assert served(keys).get("a").entries == 5
    assert read_description(workspace.directory).lists == SERVER


def test_hashes_of_nothing_are_set_apart(local: SqliteListStore, bring_in: Any, keys: ProcessKeys) -> None:
    from safelight.server.lists.models import WaitingBatch

    blank = ListEntry("a", "blank", Signal("pdq", "0" * 60 + "000f"))
    local.add([entry(1), blank, entry(2)])
    bring_in()
    store = served(keys)
    assert store.find([blank.signal, entry(1).signal])[0] == ()
    assert store.tally("a") == {"pdq": 2}
    (batch,) = WaitingBatch.objects.all()
    assert [(one.key, one.why) for one in batch.entries.all()] == [("blank", "near_constant")]
    # An index that held the row is told that it went.
    rows = {change.row for change in store.changes(0) if change.kind == "withdraw"}
    assert rows == {2}


def test_a_local_known_good_list_waits_for_two_people(
    workspace: Workspace, local: SqliteListStore, bring_in: Any, keys: ProcessKeys
) -> None:
    local.create(HashListInfo("good", ListClass.KNOWN_GOOD))
    local.add([ListEntry("good", "g", Signal("sha256", "12" * 32))])
    assert any("'good' is not searched until two people" in line for line in bring_in())
    assert served(keys).get("good").enabled is False
    assert served(keys).find([Signal("sha256", "12" * 32)]) == ((),)


def test_another_workspaces_database_is_refused(bring_in: Any, local: SqliteListStore) -> None:
    from safelight.server.lists.models import ListState

    ListState.objects.create(workspace=uuid7(), epoch=uuid7(), derivation=b"x")
    with pytest.raises(WorkspaceError, match="keeps the lists of workspace"):
        bring_in()


def test_indexes_ahead_of_restored_lists_get_a_new_epoch(
    local: SqliteListStore, bring_in: Any, keys: ProcessKeys, workspace: Workspace
) -> None:
    from safelight.matching.writer import IndexWriter
    from safelight.server.lists.models import ListState

    local.add(entries(range(5)))
    bring_in()
    store = served(keys)
    with closing(
        IndexWriter(store, workspace.index_directory, lambda: store.subkey(Purpose.INDEX_LAYOUT))
    ) as writer:
        writer.sync()
    epoch = store.stamp().epoch
    bring_in()
    assert store.stamp().epoch == epoch
    ListState.objects.update(sequence=3)
    bring_in()
    assert store.stamp().epoch != epoch


def test_a_foreign_key_opens_nothing(local: SqliteListStore, bring_in: Any) -> None:
    from safelight.server.secrets import ProcessKeys

    bring_in()
    other = ProcessKeys.of(Keyring.generate(uuid7()), Purpose)
    from safelight.errors import RootKeyError

    with pytest.raises(RootKeyError):
        served(other).add(entries([1]))
