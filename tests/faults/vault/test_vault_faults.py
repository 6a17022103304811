"""Killed writers, full disks and racing processes leave whole objects or none, and never plaintext."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import UUID

import pytest

from safelight.errors import ObjectExists, StoreFull, VaultError
from safelight.ids import uuid7
from safelight.vault.evidence import open_sealed, seal
from safelight.vault.format import CHUNK, Geometry
from safelight.vault.spool import Spool
from safelight.vault.stores.local import LocalStore
from safelight.vault.wrapping import Keeper, KeyRecord, WrappingKey

MARK = b"PLAINTEXT-THAT-MUST-NOT-BE-FOUND"
SIZE = len(MARK) * 96_000

WRITER = """
import os, sys, time
from pathlib import Path
from safelight.vault.evidence import seal
from safelight.vault.spool import Spool, forbid_core_dumps
from safelight.vault.stores.local import LocalStore
from safelight.vault.wrapping import SealingKey

root, public, mark, unnamed = Path(sys.argv[1]), bytes.fromhex(sys.argv[2]), sys.argv[3].encode(), sys.argv[4]
forbid_core_dumps()
store = LocalStore(root / "store", unnamed=unnamed == "unnamed")
to = SealingKey(public)
print("ready", flush=True)
while True:
    with Spool(root / "spool", in_memory=1 << 20) as spool:
        spool.write_all(mark * 1000 for _ in range(96))
        sealed = seal(store, to, iter(lambda: os.read(spool.fd, 100_000), b""))
    print(sealed.object_id, sealed.record.to_bytes().hex(), flush=True)
"""


@dataclass(frozen=True)
class Aftermath:
    """What was found after the kills."""

    acknowledged: int
    lost: int
    half_objects: int
    other_files: int
    plaintext_left: int


def kill_and_look(root: Path, unnamed: str, kills: int) -> Aftermath:
    """Kill a writer again and again, at random moments, and look at what it left."""
    pair = WrappingKey.generate()
    (root / "spool").mkdir()
    command = [sys.executable, "-c", WRITER, str(root), pair.sealing_key.public.hex(), MARK.decode(), unnamed]
    lines: list[str] = []
    for _ in range(kills):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
            time.sleep(random.uniform(0, 0.15))
            os.kill(writer.pid, signal.SIGKILL)
            told = writer.stdout.read().splitlines(keepends=True)
            lines += [line for line in told if line.endswith("\n")]
    plaintext = [path for path in root.rglob("*") if path.is_file() and MARK in path.read_bytes()]
    keeper, store = Keeper([pair]), LocalStore(root / "store")
    lost = 0
    for line in lines:
        object_id, record = line.split()
        try:
            opened = open_sealed(store, keeper, KeyRecord.parse(UUID(object_id), bytes.fromhex(record)))
            opened.verify()
            lost += opened.length != SIZE
        except VaultError:
            lost += 1
    sizes = [store.size(object_id) for object_id in store.ids()]
    files = [path for path in root.rglob("*") if path.is_file()]
    return Aftermath(
        acknowledged=len(lines),
        lost=lost,
        half_objects=sum(size != Geometry(CHUNK, SIZE).sealed_size for size in sizes),
        other_files=len(files) - len(sizes),
        plaintext_left=len(plaintext),
    )


@pytest.mark.parametrize("unnamed", ["unnamed", "partial-files"])
def test_a_killed_writer_loses_nothing_it_acknowledged_and_leaves_no_plaintext(
    tmp_path: Path, unnamed: str
) -> None:
    found = kill_and_look(tmp_path, unnamed, kills=8)
    assert found == Aftermath(found.acknowledged, lost=0, half_objects=0, other_files=0, plaintext_left=0)


@pytest.mark.slow
@pytest.mark.parametrize("unnamed", ["unnamed", "partial-files"])
def test_a_hundred_kills(tmp_path: Path, unnamed: str) -> None:
    found = kill_and_look(tmp_path, unnamed, kills=100)
    counts = " ".join(f"{name}={count}" for name, count in asdict(found).items())
    print(f"FIGURE vault_kills=100 writer={unnamed} {counts}")
    assert found.acknowledged > 0
    assert found == Aftermath(found.acknowledged, lost=0, half_objects=0, other_files=0, plaintext_left=0)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MiB."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("needs root, to mount a small file system")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs", str(disk)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip("mounting is not permitted here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("unnamed", [True, False])
def test_a_full_disk_refuses_the_object_keeps_the_others_and_works_again(
    small_disk: Path, unnamed: bool
) -> None:
    store, pair = LocalStore(small_disk / "store", unnamed=unnamed), WrappingKey.generate()
    kept = seal(store, pair.sealing_key, [bytes(1 << 20)])
    with pytest.raises(StoreFull, match="Free or add space"):
        seal(store, pair.sealing_key, (bytes(1 << 18) for _ in range(64)))
    assert list(store.ids()) == [kept.object_id]
    assert len([path for path in small_disk.rglob("*") if path.is_file()]) == 1
    open_sealed(store, Keeper([pair]), kept.record).verify()
    again = seal(store, pair.sealing_key, [bytes(1 << 20)])
    open_sealed(store, Keeper([pair]), again.record).verify()


def test_a_full_disk_refuses_an_upload(small_disk: Path) -> None:
    with Spool(small_disk, in_memory=1 << 20) as spool, pytest.raises(StoreFull, match="No room"):
        spool.write_all(bytes(1 << 20) for _ in range(8))
    with Spool(small_disk, in_memory=1) as spool:
        spool.write_all([bytes(1 << 20)])


def _put(root: Path, object_id: UUID, seed: int, results: multiprocessing.Queue[int | None]) -> None:
    store = LocalStore(root)
    try:
        store.put(object_id, (bytes([seed]) * 1000 for _ in range(200)))
    except ObjectExists:
        results.put(None)
    else:
        results.put(seed)


def test_of_racing_processes_exactly_one_stores_an_id(tmp_path: Path) -> None:
    """Threads race in the conformance tests; processes share no lock but the file system's."""
    context = multiprocessing.get_context("spawn")
    LocalStore(tmp_path / "store")
    object_id, results = UUID(uuid7()), context.Queue()
    racers = [
        context.Process(target=_put, args=(tmp_path / "store", object_id, n, results)) for n in range(4)
    ]
    for racer in racers:
        racer.start()
    winners = [seed for seed in (results.get(timeout=60) for _ in racers) if seed is not None]
    for racer in racers:
        racer.join()
    assert len(winners) == 1
    assert LocalStore(tmp_path / "store").get(object_id, 0, 200_000) == bytes(winners) * 200_000
