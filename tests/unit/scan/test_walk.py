"""A walk meets every file once, follows nothing out of the tree, and says what it could not enter."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import pytest

from safelight.scan.walk import Found, FoundSet, Refused, Walk, distinct
from safelight.types import UnscannedReason


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("b/two", "b/.hidden", "a/one", "c"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def names(walk: Walk, root: Path) -> list[str]:
    return [os.path.relpath(met.path, root) for met in walk]


def test_files_come_in_a_steady_order_hidden_ones_included(tree: Path) -> None:
    assert names(Walk([str(tree)]), tree) == ["a/one", "b/.hidden", "b/two", "c"]


def test_excluded_paths_are_left_out_and_counted(tree: Path) -> None:
    walk = Walk([str(tree)], exclude=[".*", "*/a/*"])
    assert names(walk, tree) == ["b/two", "c"]
    assert walk.excluded == 2


def test_a_path_named_by_the_operator_is_not_excluded(tree: Path) -> None:
    assert names(Walk([str(tree / "c")], exclude=["*"]), tree) == ["c"]


def test_links_are_followed_when_named_and_left_alone_when_met(tree: Path) -> None:
    (tree / "a" / "up").symlink_to("..")
    (tree / "a" / "self").symlink_to("self")
    (tree / "a" / "out").symlink_to("/etc/passwd")
    walk = Walk([str(tree)])
    assert names(walk, tree) == ["a/one", "b/.hidden", "b/two", "c"]
    assert walk.links == 3
    assert names(Walk([str(tree / "a" / "up" / "c")]), tree) == ["a/up/c"]
    (looped,) = Walk([str(tree / "a" / "self")])
    assert isinstance(looped, Refused)
    assert looped.problem.reason is UnscannedReason.UNREADABLE


def test_what_is_no_file_is_refused_without_being_opened(tree: Path) -> None:
    os.mkfifo(tree / "fifo")
    os.mknod(tree / "null", 0o600 | 0o020000, os.makedev(1, 3)) if os.geteuid() == 0 else None
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tree / "sock"))
        refused = [met for met in Walk([str(tree)]) if isinstance(met, Refused)]
    assert {met.problem.reason for met in refused} == {UnscannedReason.NOT_A_FILE}
    told = {Path(met.path).name: met.problem.detail for met in refused}
    assert told["fifo"] == "a FIFO"
    assert told["sock"] == "a socket"


def test_a_directory_that_cannot_be_listed_is_reported(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.scandir

    def scandir(path: str) -> object:
        if path.endswith("/b"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)  # as root, no permission bit would refuse
    met = {os.path.relpath(m.path, tree): m for m in Walk([str(tree)])}
    assert list(met) == ["a/one", "b", "c"]
    refused = met["b"]
    assert isinstance(refused, Refused)
    assert (refused.problem.reason, refused.problem.detail) == (
        UnscannedReason.UNREADABLE,
        "Permission denied",
    )


def test_what_is_not_there_is_reported(tmp_path: Path) -> None:
    (met,) = Walk([str(tmp_path / "absent")])
    assert isinstance(met, Refused)
    assert met.problem.reason is UnscannedReason.UNREADABLE


def test_names_of_any_bytes_come_through_whole(tmp_path: Path) -> None:
    awkward = [b"new\nline", b"caf\xe9", b"\x1b[31mred", b" ", "\u202egpj".encode()]
    for name in awkward:
        (tmp_path / os.fsdecode(name)).write_bytes(b"x")
    met = list(Walk([str(tmp_path)]))
    assert {os.fsencode(Path(m.path).name) for m in met} == set(awkward)
    assert all(isinstance(m, Found) for m in met)


def test_a_tree_deeper_than_the_stack_is_walked(tmp_path: Path) -> None:
    made = [tmp_path / "d"]
    made[0].mkdir()
    try:
        while len(made) < 1500:
            made.append(made[-1] / "d")
            made[-1].mkdir()
        (made[-1] / "file").write_bytes(b"x")
        (met,) = Walk([str(tmp_path)])
        assert met.path.endswith("/d/file")
        (made[-1] / "file").unlink()
    finally:
        for directory in reversed(made):  # rmtree cannot go as deep
            directory.rmdir()


def test_overlapping_paths_are_walked_once(tree: Path) -> None:
    (tree / "link").symlink_to("b")
    given = [str(tree / "a" / "one"), str(tree), str(tree) + "/", str(tree / "link")]
    assert distinct(given) == [str(tree)]
    assert names(Walk(given), tree) == ["a/one", "b/.hidden", "b/two", "c"]
    assert distinct([str(tree / "a"), str(tree / "b")]) == [str(tree / "a"), str(tree / "b")]


SHARDS = tuple(f"model-0000{number}-of-00003.safetensors" for number in (1, 2, 3))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    for name in (*SHARDS, "config.json"):
        (folder / name).write_bytes(b"x" * len(name))
    return folder


def sets(folder: Path, **options: Any) -> list[FoundSet]:
    return [met for met in Walk([str(folder)], sets=True, **options) if isinstance(met, FoundSet)]


def test_the_shards_of_a_model_are_met_once_more_together_behind_their_folder(model: Path) -> None:
    *single, together = Walk([str(model.parent)], sets=True)
    assert [type(met) for met in single] == [Found] * 4
    assert isinstance(together, FoundSet)
    assert together.path == str(model / "model-*-of-00003.safetensors")
    assert together.paths == tuple(str(model / name) for name in SHARDS)
    assert names(Walk([str(model)]), model) == ["config.json", *SHARDS]


def test_a_set_is_another_when_any_of_its_shards_is(model: Path) -> None:
    before = sets(model)
    assert sets(model) == before
    (model / SHARDS[1]).write_bytes(b"y" * len(SHARDS[1]))
    changed = sets(model)
    assert changed != before
    (model / SHARDS[2]).unlink()
    (fewer,) = sets(model)
    assert fewer.shards.missing == (SHARDS[2],)
    assert [fewer] != changed


def test_links_and_what_is_excluded_are_no_shards(model: Path) -> None:
    (model / SHARDS[0]).unlink()
    (model / SHARDS[0]).symlink_to(model / "config.json")
    (found,) = sets(model, exclude=["*-00003-of-*"])
    assert found.shards.names == (SHARDS[1],)
    assert found.shards.missing == (SHARDS[0], SHARDS[2])
    assert not sets(model, exclude=["model-*"])
