"""A served workspace hands out evidence: its processes make the bundle, and the command checks it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from serving import wait_until
from trial_server import trial_server

pytestmark = pytest.mark.xdist_group("trials")


def bundle(*arguments: object) -> subprocess.CompletedProcess[str]:
    """What the recipient runs, who has no workspace."""
    program = [sys.executable, "-c", "from safelight.cli import main; main()", "bundle"]
    told = [*program, *map(str, arguments)]
    return subprocess.run(told, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_from_an_upload_to_a_bundle_that_the_recipient_checks(tmp_path: Path) -> None:
    import pyrage

    identity = pyrage.x25519.Identity.generate()
    key_file = tmp_path / "key.txt"
    key_file.write_text(f"{identity}\n")
    with trial_server() as server:
        platform = server.begin()
        picture = platform.pictures.listed[0]
        platform.upload(picture)
        made = server.inspect("hand_out", {"key": str(identity.to_public())})
        wait_until("the bundle", lambda: server.inspect("bundle", {"id": made})["state"] == "made")
        sealed = server.workspace / "bundles" / f"{made}.age"
        signer = server.run("bundle", "key").stdout.strip()
        options = ("--identity", str(key_file), "--signer", signer)
        checked = bundle("verify", sealed, *options)
        assert checked.returncode == 0, checked.stderr
        assert "whole, and signed with the key that you named" in checked.stdout
        into = tmp_path / "opened"
        assert bundle("open", sealed, *options, "--into", into).returncode == 0
        assert (into / "items" / "0001").read_bytes() == picture.content
        assert server.ledger_verifies().returncode == 0
