"""What the documentation and a bundle's README tell a recipient without Safelight works as it stands."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from safelight.bundle.readme import COMMANDS
from safelight.bundle.recipients import RecipientKey, identity

ROOT = Path(__file__).parents[3]
GUIDE = ROOT / "docs" / "operator" / "bundles.md"


def _run(command: str, where: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-euc", command], cwd=where, capture_output=True, text=True, check=False)


def _opened(maker: Any, where: Path) -> None:
    """With the recipient's own tools where they are installed: ``age``, then ``tar``."""
    raw, _ = maker.made()
    (where / "bundle.age").write_bytes(raw)
    (where / "key.txt").write_text(f"# created by age-keygen\n{maker.identity}\n")
    if shutil.which("age") is None:
        pytest.skip("needs the Debian package age")
    ran = _run("mkdir opened && age -d -i key.txt bundle.age | tar -x -C opened", where)
    assert ran.returncode == 0, ran.stderr


def test_age_tar_sha256sum_and_openssl_open_and_check_it(maker: Any, tmp_path: Path) -> None:
    _opened(maker, tmp_path)
    opened = tmp_path / "opened"
    sums, signature, fingerprint = (_run(line, opened) for line in COMMANDS.splitlines()[:3])
    head = _run("\n".join(COMMANDS.splitlines()[3:]), opened)
    assert sums.returncode == 0, sums.stderr
    assert sums.stdout.count(": OK\n") == len(list(opened.rglob("*.*"))) + len(maker.files) - 2
    assert "Signature Verified Successfully" in signature.stdout
    assert "Signature Verified Successfully" in head.stdout
    assert "SHA256:" + fingerprint.stdout.strip().rstrip("=") == maker.signer.verifier.fingerprint


def test_they_notice_a_changed_file(maker: Any, tmp_path: Path) -> None:
    _opened(maker, tmp_path)
    opened = tmp_path / "opened"
    changed = opened / "items" / "0001"
    changed.write_bytes(changed.read_bytes()[:-1] + b"!")
    sums, signature = (_run(line, opened) for line in COMMANDS.splitlines()[:2])
    assert sums.returncode != 0
    assert signature.returncode == 0
    listed = opened / "SHA256SUMS"
    listed.write_text(listed.read_text().replace("0", "1"))
    assert _run(COMMANDS.splitlines()[1], opened).returncode != 0


def test_the_guide_shows_these_very_commands() -> None:
    guide = GUIDE.read_text()
    for line in COMMANDS.splitlines():
        assert line in guide
    assert "age -d -i key.txt bundle.age | tar -x -C opened" in guide


def test_an_ssh_key_that_the_recipient_has_already_works_too(maker: Any, tmp_path: Path) -> None:
    made = _run("ssh-keygen -q -t ed25519 -N '' -C somebody@example.org -f id", tmp_path)
    assert made.returncode == 0, made.stderr
    maker.recipient = RecipientKey.parse((tmp_path / "id.pub").read_text())
    shown = _run("ssh-keygen -lf id.pub", tmp_path).stdout
    assert maker.recipient.fingerprint in shown
    raw, _ = maker.made()
    (tmp_path / "bundle.age").write_bytes(raw)
    from safelight.bundle.reading import verify_bundle

    with (tmp_path / "bundle.age").open("rb") as source:
        assert verify_bundle(source, identity((tmp_path / "id").read_text())).is_whole


def test_an_age_key_s_fingerprint_is_that_of_its_text(maker: Any, tmp_path: Path) -> None:
    key = maker.recipient.text
    ran = _run(f"printf %s {key} | openssl dgst -sha256 -binary | openssl base64", tmp_path)
    assert "SHA256:" + ran.stdout.strip().rstrip("=") == maker.recipient.fingerprint
