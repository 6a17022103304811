"""A full disk is a clear error: what was acknowledged is kept, and work goes on when there is space again."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from conformance import entries, pdq

from safelight.errors import WorkspaceFull
from safelight.lists import HashListInfo
from safelight.types import ListClass, Signal
from safelight.workspace import Workspace, rotate
from safelight.workspace.verification import verify_lists


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of three megabytes."""
    path = tmp_path / "disk"
    path.mkdir()
    options = ["-t", "tmpfs", "-o", "size=3m,mode=0700"]
    mount = subprocess.run(["mount", *options, "tmpfs", str(path)], capture_output=True, check=False)
    if mount.returncode:
        pytest.skip("a disk of a few megabytes can only be made where mounting is allowed")
    yield path
    subprocess.run(["umount", "-l", str(path)], check=True)


def _fill(workspace: Workspace) -> int:
    """Add until the disk is full; returns how many entries were acknowledged."""
    for done in range(0, 10**6, 100):
        try:
            workspace.store.add(entries(range(done, done + 100)))
        except WorkspaceFull:
            return done
    raise AssertionError("the disk was never full")


def _use_up(file: Path) -> None:
    with file.open("wb", buffering=0) as ballast, contextlib.suppress(OSError):
        while True:
            ballast.write(bytes(4096))


def _assert_whole(workspace: Workspace, acknowledged: int) -> None:
    assert workspace.store.get("a").entries == acknowledged
    found = workspace.store.find([Signal("pdq", pdq(number)) for number in range(acknowledged)])
    assert all(len(result) == 1 for result in found)
    assert all(finding.ok for finding in verify_lists(workspace, lambda _done, _total: None))


def test_a_full_disk_loses_nothing(workspace_directory: Path, small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(1 << 20))
    with Workspace.create(small_disk / "workspace") as workspace:
        workspace.store.create(HashListInfo("a", ListClass.TEST))
        acknowledged = _fill(workspace)
        assert acknowledged
        _assert_whole(workspace, acknowledged)
    with Workspace.open(small_disk / "workspace") as workspace:
        _assert_whole(workspace, acknowledged)
        ballast.unlink()
        workspace.store.add(entries(range(acknowledged, acknowledged + 100)))
        _assert_whole(workspace, acknowledged + 100)


def test_a_rotation_that_finds_no_space_is_finished_later(
    workspace_directory: Path, small_disk: Path
) -> None:
    with Workspace.create(small_disk / "workspace") as workspace:
        workspace.store.create(HashListInfo("a", ListClass.TEST))
        workspace.store.add(entries(range(2000)))
        ballast = small_disk / "ballast"
        _use_up(ballast)
        with pytest.raises((WorkspaceFull, OSError), match=r"full|space"):
            rotate(workspace)
        _assert_whole(workspace, 2000)
        ballast.unlink()
        rotate(workspace)
        _assert_whole(workspace, 2000)


def test_no_space_to_make_a_workspace_is_an_error_and_the_next_try_works(
    workspace_directory: Path, small_disk: Path
) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes((3 << 20) - 16384))
    with pytest.raises((WorkspaceFull, OSError), match=r"full|space"):
        Workspace.create(small_disk / "workspace")
    ballast.unlink()
    Workspace.create(small_disk / "workspace").close()
