"""How long after an add was acknowledged another process finds the entry.

Three processes on one workspace, as in a deployment: this one adds to the store, one writes the index, one
searches. ``python bench/matching_visible.py`` prints every round.
"""

from __future__ import annotations

import secrets
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from safelight.lists import HashListInfo
from safelight.matching.kinds import PDQ
from safelight.matching.reader import HammingReader
from safelight.matching.writer import IndexWriter
from safelight.types import ListClass, ListEntry, Signal
from safelight.workspace import Workspace


def visible_after_add(rounds: int = 20, listed: int = 10_000) -> float:
    """The longest of ``rounds`` times, in seconds, with ``listed`` entries there before."""
    return max(measure(rounds, listed))


def measure(rounds: int, listed: int) -> list[float]:
    """Seconds from the return of ``ListStore.add`` to the first hit in the searching process, each round."""
    with tempfile.TemporaryDirectory() as temporary:
        place, key_file = Path(temporary) / "workspace", Path(temporary) / "root.key"
        with Workspace.create(place, key_file=key_file) as workspace:
            workspace.store.create(HashListInfo("bench", ListClass.TEST))
            workspace.store.add(_entry(f"entry-{n}", secrets.token_hex(32)) for n in range(listed))
            writer = _start("write", place, key_file)
            _answer(writer)
            searcher = _start("search", place, key_file)
            _answer(searcher)
            taken = []
            for n in range(rounds):
                value = secrets.token_hex(32)
                _ask(searcher, value)
                workspace.store.add([_entry(f"round-{n}", value)])
                acknowledged = time.monotonic()
                taken.append(max(0.0, float(_answer(searcher)) - acknowledged))
            for process in (searcher, writer):
                process.communicate()
    return taken


def _entry(key: str, value: str) -> ListEntry:
    return ListEntry("bench", key, Signal("pdq", value))


def _start(role: str, place: Path, key_file: Path) -> subprocess.Popen[str]:
    command = [sys.executable, __file__, role, str(place), str(key_file)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _ask(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()


def _answer(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def _write(workspace: Workspace) -> None:
    with IndexWriter(workspace.store, workspace.index_directory, workspace.index_key) as writer:
        writer.sync()
        print("ready", flush=True)
        stop = threading.Event()
        follower = threading.Thread(target=writer.follow, args=(stop,))
        follower.start()
        sys.stdin.read()
        stop.set()
        follower.join()


def _search(workspace: Workspace) -> None:
    reader = HammingReader(workspace.index_directory, PDQ, workspace.index_key)
    print("ready", flush=True)
    for line in sys.stdin:
        while not reader.search(line.strip(), 31).hits:
            time.sleep(0.001)
        print(time.monotonic(), flush=True)


if __name__ == "__main__":
    if len(sys.argv) == 1:
        for seconds in measure(20, 10_000):
            print(f"{seconds:.3f}")
    else:
        with Workspace.open(Path(sys.argv[2]), key_file=Path(sys.argv[3])) as opened:
            {"write": _write, "search": _search}[sys.argv[1]](opened)
