"""`safelight ledger verify` by its own command line, over a workspace as `safelight serve` leaves it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection
from server_process import environment
from server_settings import KEYS

from safelight.keys import Purpose
from safelight.ledger.archive import DirectoryArchive
from safelight.server.ledger import signing
from safelight.server.ledger.models import LedgerHead
from safelight.server.secrets import ProcessKeys
from safelight.workspace import Workspace

SAFELIGHT = str(Path(sys.executable).with_name("safelight"))


@pytest.fixture
def workspace(committing_db, tmp_path, monkeypatch) -> Path:
    """A workspace whose root key signed this test's ledger."""
    directory = tmp_path / "workspace"
    with Workspace.create(directory, key_file=tmp_path / "root.key") as made:
        keys = ProcessKeys.of(made.keyring, Purpose)
    monkeypatch.setattr(signing, "process_keys", lambda: keys)
    return directory


def _verify(workspace: Path, *options: str) -> subprocess.CompletedProcess[str]:
    with environment() as (env, _):
        if connection.vendor == "sqlite":
            shutil.copy(connection.settings_dict["NAME"], workspace / "server.sqlite3")
        for name in ("SAFELIGHT_WORKSPACE", "SAFELIGHT_KEYS_FD", "DJANGO_SETTINGS_MODULE"):
            env.pop(name, None)
        key_file = str(workspace.parent / "root.key")
        command = [
            SAFELIGHT,
            "ledger",
            "verify",
            "--key-file",
            key_file,
            *options,
        ]
        return subprocess.run(
            [*command, "--workspace", str(workspace)], env=env, capture_output=True, text=True, check=False
        )


def test_a_whole_ledger_is_told_to_be_whole(workspace, placed):
    placed(4, heads=2)
    connection.close()
    told = _verify(workspace)
    assert (told.returncode, told.stderr) == (0, "")
    assert "The ledger is whole: all 9 placed rows" in told.stdout
    assert signing.verifiers()[0].to_text() in told.stdout
    assert "--heads" in told.stdout


def test_what_is_wrong_is_told_with_its_place_and_exit_code_1(workspace, placed, raw, tmp_path):
    placed(4, heads=2)
    kept = tmp_path / "heads"
    kept.mkdir()
    DirectoryArchive(kept).write(LedgerHead.objects.get(size=9).signed(signing.origin()))
    raw.unguard()
    raw.run(
        "UPDATE ledger_ledgerrow SET actor = 'process:x' WHERE id ="
        ' (SELECT row_id FROM ledger_ledgerleaf WHERE "index" = 6)'
    )
    raw.close()
    connection.close()
    told = _verify(workspace, "--heads", str(kept))
    assert told.returncode == 1
    assert "WRONG  changed: row 6; covered by 1 signed heads from size 9" in told.stderr
    assert "Keep a copy of the database" in told.stdout
    report = json.loads(_verify(workspace, "--json", "--heads", str(kept)).stdout)
    assert (report["whole"], report["rows"], report["kept_heads"]) == (False, 9, 1)
    assert [(found["fault"], found["first"]) for found in report["findings"]] == [("changed", 6)]


def test_former_keys_are_trusted_when_told(workspace, placed, monkeypatch):
    placed(2)
    former = signing.verifiers()[0].to_text()
    assert _verify(workspace, "--trust", "nothing").returncode == 1
    connection.close()
    assert _verify(workspace, "--trust", former).returncode == 0


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL's database is elsewhere")
def test_without_a_server_it_says_what_to_do(tmp_path):
    directory = tmp_path / "workspace"
    Workspace.create(directory, key_file=tmp_path / "root.key").close()
    command = [SAFELIGHT, "ledger", "verify", "--workspace", str(directory)]
    told = subprocess.run(
        [*command, "--key-file", str(tmp_path / "root.key")], capture_output=True, text=True, check=False
    )
    assert told.returncode == 2
    assert "`safelight serve` makes one" in told.stderr
    assert not (directory / "server.sqlite3").exists()
    assert KEYS.workspace not in told.stderr
