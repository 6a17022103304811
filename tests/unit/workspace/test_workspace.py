"""A workspace opens with its own key only, whole or not at all, and is never made over another."""

from __future__ import annotations

import shutil
import stat
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from conformance import entries, found

from safelight.errors import (
    KeyMismatch,
    KeyMissing,
    KeyUnsafe,
    WorkspaceError,
    WorkspaceMissing,
    WorkspaceTooNew,
)
from safelight.lists import HashListInfo
from safelight.types import ListClass
from safelight.workspace import Workspace, default_directory


def test_a_workspace_keeps_its_lists(workspace: Workspace) -> None:
    workspace.store.add(entries(range(3)))
    workspace.close()
    with Workspace.open(workspace.directory) as again:
        assert again.id == workspace.id
        assert found(again.store, 1) == [[("a", "key 1")]]


def test_directory_and_files_are_private(workspace: Workspace) -> None:
    assert stat.S_IMODE(workspace.directory.stat().st_mode) == 0o700
    assert stat.S_IMODE(workspace.index_directory.stat().st_mode) == 0o700
    files = [path for path in workspace.directory.iterdir() if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_the_usual_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert default_directory() == tmp_path / "data" / "safelight" / "workspace"
    monkeypatch.setenv("SAFELIGHT_WORKSPACE", str(tmp_path / "w"))
    with Workspace.create() as made:
        assert made.directory == tmp_path / "w"


def test_a_missing_workspace_says_how_to_make_one(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(WorkspaceMissing, match="lists import"):
            Workspace.open(path)
    assert not (tmp_path / "none").exists()


def test_a_workspace_is_never_made_over_another(workspace: Workspace) -> None:
    with pytest.raises(WorkspaceError, match="already"):
        Workspace.create(workspace.directory)
    assert Workspace.open_or_create(workspace.directory)[1] is False


def test_why_a_workspace_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WorkspaceError, match="cannot be made: Not a directory"):
        Workspace.open_or_create(tmp_path / "file" / "workspace")


def test_lists_without_a_description_are_left_alone(workspace: Workspace) -> None:
    (workspace.directory / "workspace.toml").unlink()
    before = (workspace.directory / "lists.sqlite3").read_bytes()
    for make in (Workspace.create, Workspace.open_or_create):
        with pytest.raises(WorkspaceError, match=r"no workspace\.toml"):
            make(workspace.directory)
    assert (workspace.directory / "lists.sqlite3").read_bytes() == before


def test_many_who_want_to_make_it_make_one(tmp_path: Path) -> None:
    made: list[tuple[Workspace, bool]] = []
    threads = [
        threading.Thread(target=lambda: made.append(Workspace.open_or_create(tmp_path / "w")))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(new for _, new in made) == 1
    assert len({opened.id for opened, _ in made}) == 1
    assert len(list((tmp_path / "keys").iterdir())) == 1
    for opened, _ in made:
        opened.close()


@pytest.mark.parametrize("stage", ["database half", "database whole", "description written"])
def test_a_creation_that_was_killed_is_finished_or_begun_anew(
    workspace: Workspace, tmp_path: Path, stage: str
) -> None:
    workspace.close()
    source, target = workspace.directory, tmp_path / "killed"
    target.mkdir()
    draft = target / "lists.sqlite3.new"
    draft.write_bytes(b"" if stage == "database half" else (source / "lists.sqlite3").read_bytes())
    if stage == "description written":
        shutil.copy(source / "workspace.toml", target)
    with Workspace.open_or_create(target)[0] as opened:
        assert (opened.id == workspace.id) is (stage == "description written")
        opened.store.lists()
    assert sorted(path.name for path in target.iterdir() if ".new" in path.name) == []


def test_a_missing_key_says_where_it_was_looked_for(workspace: Workspace, key_directory: Path) -> None:
    shutil.rmtree(key_directory)
    with pytest.raises(KeyMissing) as caught:
        Workspace.open(workspace.directory)
    assert f"{key_directory}/{workspace.id}.toml" in str(caught.value)
    assert "SAFELIGHT_KEYS" in str(caught.value)


def test_a_wrong_key_is_recognised(workspace: Workspace, tmp_path: Path) -> None:
    with Workspace.create(tmp_path / "other") as other:
        text = other.key_file.path.read_text().replace(other.id, workspace.id)
    workspace.key_file.path.write_text(text)
    with pytest.raises(KeyMismatch, match="needs root key"):
        Workspace.open(workspace.directory)


def test_a_description_with_another_check_is_refused(workspace: Workspace) -> None:
    path = workspace.directory / "workspace.toml"
    lines = ['check = "00"' if line.startswith("check") else line for line in path.read_text().splitlines()]
    path.write_text("\n".join(lines))
    with pytest.raises(KeyMismatch, match="not the one"):
        Workspace.open(workspace.directory)


def test_a_key_inside_the_workspace_is_never_made(tmp_path: Path) -> None:
    with pytest.raises(KeyUnsafe, match="inside the workspace"):
        Workspace.create(tmp_path / "w", key_file=tmp_path / "w" / "key.toml")
    with pytest.raises(WorkspaceMissing):
        Workspace.open(tmp_path / "w")
    with Workspace.create(tmp_path / "w"):  # nothing is in the way of doing it right
        pass


def test_an_explicit_key_file_is_used(tmp_path: Path, key_directory: Path) -> None:
    with Workspace.create(tmp_path / "w", key_file=tmp_path / "elsewhere.toml"):
        assert not key_directory.exists()
    with pytest.raises(KeyMissing):
        Workspace.open(tmp_path / "w")
    with Workspace.open(tmp_path / "w", key_file=tmp_path / "elsewhere.toml"):
        pass


def test_a_newer_workspace_is_refused(workspace: Workspace) -> None:
    path = workspace.directory / "workspace.toml"
    path.write_text(path.read_text().replace("format = 1", "format = 2"))
    with pytest.raises(WorkspaceTooNew, match=r"format 2.*Upgrade"):
        Workspace.open(workspace.directory)


@pytest.mark.parametrize("content", ["", "format = ", "format = 1\n", 'format = "x"', "\x00"])
def test_a_damaged_description_is_an_error(workspace: Workspace, content: str) -> None:
    (workspace.directory / "workspace.toml").write_text(content)
    with pytest.raises(WorkspaceError, match=r"damaged.*backup"):
        Workspace.open(workspace.directory)


def test_lists_kept_by_a_server_are_not_opened_here(workspace: Workspace) -> None:
    path = workspace.directory / "workspace.toml"
    path.write_text(path.read_text().replace('"local"', '"server"'))
    with (
        Workspace.open(workspace.directory) as opened,
        pytest.raises(WorkspaceError, match="kept by its server"),
    ):
        opened.store.lists()


def test_a_database_of_another_workspace_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    workspace.close()
    with Workspace.create(tmp_path / "other") as other:
        other.store.create(HashListInfo("b", ListClass.TEST))
    shutil.copy(other.directory / "lists.sqlite3", workspace.directory)
    with pytest.raises(WorkspaceError, match="belongs to workspace"):
        Workspace.open(workspace.directory)


def test_the_clock_is_the_callers(tmp_path: Path) -> None:
    then = datetime(2030, 1, 2, tzinfo=UTC)
    with Workspace.create(tmp_path / "w", now=lambda: then) as made:
        assert made.created == made.keyring.keys[0].created == then


def test_the_index_key_is_the_same_for_everyone_who_opens(workspace: Workspace) -> None:
    with Workspace.open(workspace.directory) as again:
        assert again.index_key() == workspace.index_key()
        assert len(again.index_key()) == 32
