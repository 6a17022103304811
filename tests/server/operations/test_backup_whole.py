"""By the commands alone: evidence, records and lists come back elsewhere; what was destroyed does not."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from seaweedfs import KEY, SECRET, running
from serving import Server, wait_until
from uploading import make_key, picture, post, rows

from safelight.vault.destruction import DestructionLog


@pytest.fixture(params=["files", pytest.param("bucket", marks=pytest.mark.slow)])
def served(
    request: pytest.FixtureRequest, short_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Server]:
    """A server that holds two pieces of evidence, in files or in a bucket."""
    server = Server(short_tmp).prepare()
    if request.param == "files":
        yield from filled(server)
        return
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    home = short_tmp / "s3"
    home.mkdir()
    with running(home) as bucket:
        server.settings["evidence_url"] = f"s3://private/kept?endpoint={bucket.endpoint}"
        yield from filled(server)


def filled(server: Server) -> Iterator[Server]:
    pictures = [picture(1), picture(2)]
    hashes = server.directory / "hashes.txt"
    hashes.write_text("".join(f"sha256 {hashlib.sha256(one).hexdigest()}\n" for one in pictures))
    done = server.run("lists", "import", str(hashes), "--name", "ours", "--class", "test")
    assert done.returncode == 0, done.stderr
    server.start()
    try:
        token = make_key(server)
        for one in pictures:
            wait_until("a match", lambda one=one: post(server, token, one).get("outcome") == "match")
        yield server
    finally:
        server.end()


@pytest.mark.xdist_group("seaweedfs")
def test_everything_comes_back_but_what_was_destroyed(served: Server):
    backup = served.directory / "backup"
    done = served.run("backup", str(backup))
    assert done.returncode == 0, done.stderr
    assert ("Sealed evidence was not copied" in done.stdout) == ("evidence_url" in served.settings)
    holds_no_root_key_and_is_closed_to_others(backup, served)
    refused = served.run("restore", str(backup))
    assert refused.returncode == 1
    assert "never restored onto a workspace" in refused.stderr
    assert served.get("/healthz")[0] == 200
    [(epoch,)] = rows(served, "SELECT epoch FROM lists_liststate")
    [(first,), (second,)] = rows(served, "SELECT id FROM vault_sealedobject ORDER BY id")
    assert served.stop() == 0
    # Destroyed after the backup was made; only the log, which is never in a backup, knows.
    log = served.directory / "w.destructions"
    DestructionLog(log, backed_up=served.workspace).append(UUID(first))
    served.workspace.rename(served.directory / "lost")

    # Without the log nothing comes back, wherever the evidence is.
    away = log.rename(served.directory / "away")
    refused = served.run("restore", str(backup))
    assert refused.returncode == 1
    assert "destruction log" in refused.stderr
    assert not served.workspace.exists()
    away.rename(log)

    # Nor into a place where something is.
    served.workspace.mkdir()
    (served.workspace / "something").write_text("")
    assert "is not empty" in served.run("restore", str(backup)).stderr
    shutil.rmtree(served.workspace)

    done = served.run("restore", str(backup))
    assert done.returncode == 0, done.stderr
    in_files = "evidence_url" not in served.settings
    assert f"Objects destroyed again: {int(in_files)}." in done.stdout
    kept = {path.name for path in (served.workspace / "evidence").rglob("*-*") if path.is_file()}
    assert kept == ({str(UUID(second))} if in_files else set())
    served.start()
    wait_until("every check to be well", lambda: not served.checks())
    states = dict(rows(served, "SELECT id, state FROM vault_sealedobject"))
    assert states.pop(first) == "destroyed"
    assert set(states.values()) == {"sealed"}
    assert rows(served, "SELECT epoch FROM lists_liststate") != [(epoch,)]
    assert "ours" in served.run("lists", "show").stdout
    for command in (("vault", "check"), ("ledger", "verify")):
        done = served.run(*command)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    assert rows(served, "SELECT count(*) FROM intake_item WHERE outcome = 'match'") == [(2,)]


def holds_no_root_key_and_is_closed_to_others(backup: Path, server: Server) -> None:
    (key,) = (server.directory / "keys").glob("*.toml")
    secret = key.read_text().split('secret = "')[1].split('"')[0]
    for path in backup.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert bytes.fromhex(secret) not in content
            assert secret.encode() not in content
            assert path.stat().st_mode & 0o077 == 0, path
    assert backup.stat().st_mode & 0o077 == 0
