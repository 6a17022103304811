"""Members wait without a name, small ones in memory, larger ones on disk; nobody writes to a sealed one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from safelight.media import spool as module
from safelight.media.sandbox.descriptors import size_of_safe_file
from safelight.media.spool import Spool


@pytest.fixture(autouse=True)
def _little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IN_MEMORY", 1000)


def filled(directory: Path, size: int) -> Spool:
    spool = Spool(directory)
    content = bytes(range(256)) * (size // 256 + 1)
    for at in range(0, size, 300):
        spool.write(memoryview(content[at : min(at + 300, size)]))
    return spool


@pytest.mark.parametrize("size", [0, 999, 1000, 1001, 5000])
def test_what_went_in_comes_out_and_a_decoder_may_have_it(size: int, tmp_path: Path) -> None:
    spool = filled(tmp_path, size)
    in_memory = "memfd" in Path(f"/proc/self/fd/{spool.fd}").readlink().name
    assert in_memory is (size <= 1000)
    assert not list(tmp_path.iterdir())
    spool.seal()
    assert size_of_safe_file(spool.fd) == spool.size == size
    assert os.pread(spool.fd, size + 1, 0) == (bytes(range(256)) * (size // 256 + 1))[:size]
    with pytest.raises(OSError, match=r"not permitted|Bad file descriptor"):
        os.write(spool.fd, b"more")
    spool.close()


def test_a_range_of_another_spool_is_copied(tmp_path: Path) -> None:
    shelf, spool = filled(tmp_path, 5000), Spool(tmp_path)
    spool.append(shelf.fd, 300, 2000)
    assert os.pread(spool.fd, 5000, 0) == os.pread(shelf.fd, 2000, 300)
    shelf.close()
    spool.close()


def test_where_there_are_no_nameless_files_it_stays_in_memory() -> None:
    spool = filled(Path("/proc"), 5000)
    assert "memfd" in Path(f"/proc/self/fd/{spool.fd}").readlink().name
    spool.seal()
    spool.close()


_WAITS = """
import sys, time
from pathlib import Path
from safelight.media.spool import Spool
spool = Spool(Path(sys.argv[1]))
for _ in range(10):
    spool.write(memoryview(b"a stranger's bytes " * (1 << 18)))
spool.seal()
print(spool.size, flush=True)
time.sleep(600)
"""


def test_a_kill_leaves_nothing_of_what_was_held(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", _WAITS, str(tmp_path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert int(process.stdout.readline()) > 40 << 20
        assert not list(tmp_path.iterdir())
        process.kill()
    assert not list(tmp_path.iterdir())
