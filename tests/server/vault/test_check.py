"""``safelight vault check`` says of every object whether it is there and whole, and so does its exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from safelight.keys import Keyring
from safelight.server.people.actors import SystemActor
from safelight.server.vault.services import replay_destructions, seal, store_sealed
from safelight.server.vault.stores import destruction_log_path
from safelight.workspace import Workspace


@pytest.fixture
def served(configured, committing_db, tmp_path, item_of, fd_of):
    """A real workspace with three sealed objects and one orphan."""
    key_file = tmp_path / "root.toml"
    with Workspace.create(configured.workspace, key_file=key_file) as workspace:
        configured.ring = workspace.keyring
    if connection.vendor == "sqlite":
        (configured.workspace / "server.sqlite3").symlink_to(connection.settings_dict["NAME"])
    configured.start()
    replay_destructions()
    rows = [seal(item_of(), fd_of(b"content %d" % n), actor=SystemActor("web")) for n in range(3)]
    store_sealed(fd_of(b"orphan"))
    configured.stop()
    return configured, key_file, rows


def checked(served, *options: str) -> subprocess.CompletedProcess[str]:
    vault, key_file, _ = served
    told = connection.settings_dict
    url = f"postgresql://{told['USER']}@/{told['NAME']}?host={told['HOST']}"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SAFELIGHT_")}
    if connection.vendor != "sqlite":
        environment["SAFELIGHT_DATABASE_URL"] = url
    command = [Path(sys.executable).parent / "safelight", "vault", "check", *options]
    command += ["--workspace", vault.workspace, "--key-file", key_file]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def stored(served, row) -> Path:
    return next((served[0].workspace / "evidence").rglob(f"*{row.pk}*"))


def test_whole_evidence_ends_with_zero_and_no_server_needs_to_run(served) -> None:
    found = checked(served)
    assert found.returncode == 0, found.stderr
    assert found.stdout.splitlines() == [
        "3 objects are recorded; 3 were read to the end.",
        "All are there and whole.",
    ]


def test_missing_and_damaged_objects_are_named_and_end_with_one(served) -> None:
    _, _, rows = served
    stored(served, rows[0]).unlink()
    damaged = stored(served, rows[1])
    raw = bytearray(damaged.read_bytes())
    raw[-1] ^= 1
    damaged.unlink()
    damaged.write_bytes(raw)
    found = checked(served, "--json")
    assert found.returncode == 1
    told = json.loads(found.stdout)
    assert (told["recorded"], told["verified"], told["whole"]) == (3, 1, False)
    assert told["missing"] == [str(rows[0].pk)]
    assert [one["object"] for one in told["damaged"]] == [str(rows[1].pk)]
    assert "MISSING" in checked(served).stdout


def test_a_sample_says_that_it_is_one(served) -> None:
    found = checked(served, "--sample", "1", "--json")
    assert found.returncode == 0
    assert json.loads(found.stdout)["recorded"] == 3


def test_a_root_key_that_opens_nothing_is_not_called_whole(served) -> None:
    vault, _, rows = served
    other = Keyring.generate(vault.ring.workspace)
    from safelight.server.vault.checking import check_evidence
    from safelight.server.vault.serving import keeper_of

    report = check_evidence(keeper_of(other))
    assert set(report.locked) == {row.pk for row in rows}
    assert not report.is_whole


def test_a_missing_destruction_log_ends_with_one(served) -> None:
    from django.conf import settings

    destruction_log_path(settings.CONFIG).unlink()
    found = checked(served)
    assert found.returncode == 1
    assert "destruction log" in found.stderr


def test_a_root_key_is_not_retired_while_a_server_needs_it(served) -> None:
    vault, key_file, _ = served
    (vault.workspace / "serve.lock").touch()
    command = [Path(sys.executable).parent / "safelight", "keys", "retire", "--yes"]
    command += ["--workspace", vault.workspace, "--key-file", key_file]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 2
    assert "cannot be retired" in found.stderr
