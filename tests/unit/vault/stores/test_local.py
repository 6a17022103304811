"""The local store keeps evidence to itself, and leaves nothing half written."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from safelight.errors import StoreUnavailable, StoreUnsafe
from safelight.ids import uuid7
from safelight.vault.stores.local import LocalStore


def files_under(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def test_directories_are_0700_and_objects_0600_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = LocalStore(tmp_path / "store")
        store.put(UUID(uuid7()), [b"x"])
    finally:
        os.umask(before)
    modes = {path: path.stat().st_mode & 0o777 for path in (tmp_path / "store").rglob("*")}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}
    assert (tmp_path / "store").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("mode", [0o750, 0o705, 0o777, 0o701])
def test_a_directory_that_others_can_enter_is_refused(tmp_path: Path, mode: int) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store").chmod(mode)
    with pytest.raises(StoreUnsafe, match="chmod 700"):
        LocalStore(tmp_path / "store")


def test_a_directory_that_is_a_link_or_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreUnavailable, match="directory of its own"):
        LocalStore(tmp_path / "link")
    with pytest.raises(StoreUnavailable):
        LocalStore(tmp_path / "file")


def test_a_missing_parent_says_where_to_look(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="mount"):
        LocalStore(tmp_path / "not mounted" / "store")


def test_objects_are_spread_by_the_random_end_of_their_ids(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    for _ in range(64):
        store.put(UUID(uuid7()), [b"x"])
    assert len(list((tmp_path / "store").iterdir())) > 20


def test_an_object_has_no_name_while_it_is_written(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    seen: list[list[Path]] = []

    def watched() -> Iterator[bytes]:
        yield b"first"
        seen.append(files_under(tmp_path))
        yield b"second"
        seen.append(files_under(tmp_path))

    store.put(UUID(uuid7()), watched())
    assert seen == [[], []]
    assert len(files_under(tmp_path)) == 1


def test_a_living_writers_partial_file_is_left_alone_and_a_dead_ones_is_swept(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store", unnamed=False)
    seen: list[list[Path]] = []

    def watched() -> Iterator[bytes]:
        yield b"first"
        LocalStore(tmp_path / "store")
        seen.append(files_under(tmp_path))
        yield b"second"

    object_id = UUID(uuid7())
    store.put(object_id, watched())
    assert len(seen[0]) == 1
    assert store.get(object_id, 0, 11) == b"firstsecond"

    dead = seen[0][0].with_name(".partial-dead")
    dead.write_bytes(b"half")
    assert list(store.ids()) == [object_id]
    LocalStore(tmp_path / "store")
    assert not dead.exists()


def test_other_files_are_not_taken_for_objects(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    object_id = UUID(uuid7())
    store.put(object_id, [b"x"])
    shard = tmp_path / "store" / str(object_id)[-2:]
    for name in ("notes.txt", str(object_id).upper(), f"{{{object_id}}}"):
        (shard / name).write_bytes(b"")
    (tmp_path / "store" / "README").write_bytes(b"")
    assert list(store.ids()) == [object_id]


def test_a_link_in_the_place_of_an_object_is_not_followed(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    object_id = UUID(uuid7())
    store.put(object_id, [b"x"])
    path = tmp_path / "store" / str(object_id)[-2:] / str(object_id)
    path.unlink()
    path.symlink_to("/etc/hostname")
    with pytest.raises(StoreUnavailable):
        store.get(object_id, 0, 1)


def test_file_and_directory_are_synced_before_a_put_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut after the answer loses nothing; a name never points to bytes that are not on disk."""
    steps: list[str] = []
    fsync, link = os.fsync, os.link

    def spied_fsync(fd: int) -> None:
        steps.append("sync " + ("directory" if os.path.isdir(f"/proc/self/fd/{fd}") else "file"))  # noqa: PTH112
        fsync(fd)

    def spied_link(*args: object, **options: object) -> None:
        steps.append("name")
        link(*args, **options)  # type: ignore[arg-type]

    store = LocalStore(tmp_path / "store")
    monkeypatch.setattr(os, "fsync", spied_fsync)
    monkeypatch.setattr(os, "link", spied_link)
    store.put(UUID(uuid7()), [b"x"])
    assert steps[-3:] == ["sync file", "name", "sync directory"]


def test_it_works_for_an_ordinary_user_whose_process_cannot_be_dumped(tmp_path: Path) -> None:
    """An undumpable process has a /proc that belongs to root; naming the file goes through it."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to become an ordinary user")
    tmp_path.chmod(0o777)
    for parent in tmp_path.parents[:3]:
        parent.chmod(parent.stat().st_mode | 0o011)
    script = """
import os, sys, uuid
from pathlib import Path
from safelight.ids import uuid7
from safelight.vault.spool import forbid_core_dumps
from safelight.vault.stores.local import LocalStore
os.setgid(65534); os.setuid(65534)
forbid_core_dumps()
store = LocalStore(Path(sys.argv[1]))
one = uuid.UUID(uuid7())
store.put(one, [b"content"])
assert store._unnamed
print(store.get(one, 0, 7).decode())
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "store")], capture_output=True, text=True, check=False
    )
    assert done.stdout == "content\n", done.stderr


def test_the_lock_of_a_partial_file_is_the_writers(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store", unnamed=False)
    (tmp_path / "store" / "aa").mkdir(mode=0o700)
    fd, partial = store._new_file(tmp_path / "store" / "aa")
    assert partial is not None
    with partial.open("rb") as other, pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(fd)
