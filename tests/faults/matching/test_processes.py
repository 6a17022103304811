"""Several processes on one index: one writes, all read, a change shows in all of them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from safelight.errors import WorkspaceBusy
from safelight.lists import HashListInfo
from safelight.matching.writer import IndexWriter
from safelight.types import ListClass, ListEntry, Signal
from safelight.workspace import Workspace

HASH = f"{0xABCDEF << 200:064x}"
SECONDS = 30.0


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace.create(tmp_path / "workspace", key_file=tmp_path / "root.key") as made:
        made.store.create(HashListInfo("listed", ListClass.TEST))
        yield made


def start(scripts: Path, script: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, scripts / script, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def stop(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(SECONDS) == 0
    assert process.stdout is not None
    process.stdout.close()


def line(process: subprocess.Popen[str]) -> dict[str, float]:
    assert process.stdout is not None
    return json.loads(process.stdout.readline())


def test_a_change_in_one_process_is_found_in_another(
    workspace: Workspace, tmp_path: Path, scripts: Path
) -> None:
    writer = start(scripts, "follow.py", workspace.directory, tmp_path / "root.key")
    assert line(writer) == {"following": True}
    reader = start(scripts, "watch_for.py", workspace.directory, tmp_path / "root.key", HASH)
    assert line(reader) == {"found": False}
    began = time.time()
    workspace.store.add([ListEntry("listed", "key", Signal("pdq", HASH))])
    added = line(reader)
    assert added["found"] is True
    withdrew = time.time()
    workspace.store.withdraw("listed", ["key"])
    gone = line(reader)
    assert gone["found"] is False
    print(f"visible after {added['at'] - began:.3f} s, gone after {gone['at'] - withdrew:.3f} s")
    assert added["at"] - began < 5
    assert gone["at"] - withdrew < 5
    stop(reader)
    stop(writer)


def test_two_writing_processes_exclude_each_other(
    workspace: Workspace, tmp_path: Path, scripts: Path
) -> None:
    writer = start(scripts, "follow.py", workspace.directory, tmp_path / "root.key")
    assert line(writer) == {"following": True}
    with pytest.raises(WorkspaceBusy, match=rf"Process {writer.pid} \(follow.py .*\) on "):
        IndexWriter(workspace.store, workspace.index_directory, workspace.index_key)
    writer.kill()  # the kernel drops the lock of the dead
    writer.wait(SECONDS)
    IndexWriter(workspace.store, workspace.index_directory, workspace.index_key).close()
    stop_pipes(writer)


def stop_pipes(process: subprocess.Popen[str]) -> None:
    for pipe in (process.stdin, process.stdout):
        assert pipe is not None
        pipe.close()


def test_readers_in_other_processes_stay_right_while_a_writer_compacts(tmp_path: Path, scripts: Path) -> None:
    directory = tmp_path / "index"
    writer = start(scripts, "compact_often.py", directory)
    assert line(writer) == {"built": True}
    readers = [start(scripts, "search_often.py", directory) for _ in range(2)]
    for reader in readers:
        assert line(reader) == {"searching": True}
    told = line(writer)
    assert told["compactions"] >= 20
    for reader in readers:
        assert reader.stdin is not None
        reader.stdin.close()
        told = line(reader)
        assert told["wrong"] == 0
        assert told["searches"] > 0
        assert told["snapshots"] > 1, "the reader never came to another snapshot"
        assert reader.wait(SECONDS) == 0
        stop_pipes(reader)
    stop(writer)
