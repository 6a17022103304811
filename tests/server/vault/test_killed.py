"""Web-side sealing and the vault process, killed at random: nothing acknowledged is lost or left in clear."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connection

from safelight.keys import Purpose
from safelight.server.secrets import ProcessKeys
from safelight.server.vault import place
from safelight.server.vault.client import VaultClient
from safelight.server.vault.key_records import DatabaseKeyRecords
from safelight.server.vault.models import SealedObject
from safelight.server.vault.services import remove_orphans_once

MARK = b"PLAINTEXT-THAT-MUST-NOT-BE-FOUND"
LENGTH = len(MARK) * 40_000

SEALER = """
import os, signal, sys, time, random
import django
django.setup()
from pathlib import Path
from django.conf import settings
from django.db import connection
from safelight.server.intake.models import Item
from safelight.server.people.actors import SystemActor
from safelight.server.vault.keys import sealing_key
from safelight.server.vault.services import seal
from safelight.vault.spool import Spool, forbid_core_dumps

mark, rounds = sys.argv[1].encode(), int(sys.argv[2])
spools = settings.CONFIG.workspace / "spool"
spools.mkdir(exist_ok=True)

def seal_until_killed():
    forbid_core_dumps()
    while True:
        with Spool(spools, in_memory=1 << 19) as spool:
            spool.write_all(mark * 1000 for _ in range(40))
            item = Item.objects.create(tag=os.urandom(32), size=spool.size, kind="image", mime="image/png",
                                       observation=b"", outcome="match")
            row = seal(item, spool.fd, actor=SystemActor("web"))
        os.write(1, f"{row.pk}\\n".encode())

sealing_key()
for _ in range(rounds):
    connection.close()
    child = os.fork()
    if child == 0:
        seal_until_killed()
    time.sleep(random.uniform(0.02, 0.6))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
"""


@dataclass(frozen=True)
class Aftermath:
    """What was found after the kills."""

    acknowledged: int
    acknowledged_lost: int
    rows_without_bytes: int
    orphans_left: int
    plaintext_left: int
    reads_wrong: int


class VaultProcess:
    """The real process, restarted as the supervisor would, and killed as nobody should."""

    def __init__(self, environment: dict[str, str], fd: int) -> None:
        self._environment, self._fd = environment, fd
        self._over = threading.Event()
        self.kills = 0
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        command = [sys.executable, "-m", "safelight.server.processes.vault"]
        while not self._over.is_set():
            with subprocess.Popen(command, env=self._environment, pass_fds=[self._fd]) as process:
                over = self._over.wait(random.uniform(1.0, 4.0))
                os.kill(process.pid, signal.SIGKILL)
                self.kills += not over

    def stop(self) -> None:
        self._over.set()
        self._thread.join()


def database_url() -> str:
    """The database of this test, for other processes; empty where it lies in the workspace."""
    if connection.vendor == "sqlite":
        return ""
    told = connection.settings_dict
    return f"postgresql://{told['USER']}@/{told['NAME']}?host={told['HOST']}"


@pytest.fixture
def environment(configured, committing_db):
    """What the supervisor would give to the processes of this workspace."""
    keys = ProcessKeys.of(configured.ring, Purpose)
    fd = keys.to_memory()
    if connection.vendor == "sqlite":
        (configured.workspace / "server.sqlite3").symlink_to(connection.settings_dict["NAME"])
    yield (
        fd,
        {
            **{k: v for k, v in os.environ.items() if not k.startswith("SAFELIGHT_")},
            "SAFELIGHT_WORKSPACE": str(configured.workspace),
            "SAFELIGHT_DATABASE_URL": database_url(),
            "SAFELIGHT_KEYS_FD": str(fd),
            "SAFELIGHT_RUN": str(configured.run),
            "SAFELIGHT_SUPERVISOR": str(os.getpid()),
            "DJANGO_SETTINGS_MODULE": "safelight.server.settings",
        },
    )
    os.close(fd)


def kill_and_look(configured, environment, rounds: int) -> tuple[Aftermath, int]:
    fd, env = environment
    vault = VaultProcess(env, fd)
    patient = VaultClient(configured.run / "vault.sock", patience=60.0)
    records, wrong, acknowledged = DatabaseKeyRecords(), 0, []
    try:
        command = [sys.executable, "-c", SEALER, MARK.decode(), str(rounds)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env, pass_fds=[fd]) as sealer:
            assert sealer.stdout is not None
            for line in sealer.stdout:
                acknowledged.append(UUID(line.strip()))
                start = random.randrange(LENGTH)
                told = patient.read(records.get(acknowledged[-1]), start, 100)
                wrong += told != (MARK * 5)[start % len(MARK) :][: min(100, LENGTH - start)]
        assert sealer.returncode == 0
        lost = 0
        for object_id in acknowledged:
            try:
                patient.verify(records.get(object_id))
            except Exception:  # noqa: BLE001 - whatever it is, the evidence is not there
                lost += 1
    finally:
        vault.stop()
    rows = set(SealedObject.objects.filter(state="sealed").values_list("pk", flat=True))
    without_bytes = rows - set(place.store().ids())
    remove_orphans_once(grace=timedelta(seconds=-60))
    files = [path for path in configured.workspace.rglob("*") if path.is_file()]
    files += [Path(connection.settings_dict["NAME"])] if connection.vendor == "sqlite" else []
    return Aftermath(
        acknowledged=len(acknowledged),
        acknowledged_lost=lost,
        rows_without_bytes=len(without_bytes),
        orphans_left=len(set(place.store().ids()) - rows),
        plaintext_left=sum(MARK in path.read_bytes() for path in files),
        reads_wrong=wrong,
    ), vault.kills


def test_nothing_acknowledged_is_lost_when_sealing_and_the_vault_are_killed(configured, environment) -> None:
    found, _ = kill_and_look(configured, environment, rounds=12)
    assert found == Aftermath(found.acknowledged, 0, 0, 0, 0, 0)
    assert found.acknowledged > 0


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_hundred_kills(configured, environment) -> None:
    started = time.monotonic()
    found, vault_kills = kill_and_look(configured, environment, rounds=100)
    counts = " ".join(f"{name}={count}" for name, count in asdict(found).items())
    print(
        f"FIGURE server_vault_kills=100 vault_kills={vault_kills} database={connection.vendor} {counts} "
        f"seconds={time.monotonic() - started:.0f}"
    )
    assert found.acknowledged > 0
    assert found == Aftermath(found.acknowledged, 0, 0, 0, 0, 0)


def test_the_vault_process_ends_politely_and_leaves_no_key_in_its_arguments(configured, environment) -> None:
    fd, env = environment
    command = [sys.executable, "-m", "safelight.server.processes.vault"]
    with subprocess.Popen(command, env=env, pass_fds=[fd]) as process:
        patient = VaultClient(configured.run / "vault.sock", patience=60.0)
        assert patient.keys().ids
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(timeout=30) == 0


def test_the_vault_process_starts_nothing_without_its_key(configured, environment) -> None:
    _, env = environment
    web = ProcessKeys.of(configured.ring, set(Purpose) - {Purpose.VAULT_PRIVATE}).to_memory()
    command = [sys.executable, "-m", "safelight.server.processes.vault"]
    found = subprocess.run(
        command, env={**env, "SAFELIGHT_KEYS_FD": str(web)}, pass_fds=[web], capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    os.close(web)
    assert found.returncode != 0
    assert "KeyMissing" in found.stderr
    assert not (configured.run / "vault.sock").exists()
