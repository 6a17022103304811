"""``safelight bundle``: what a recipient types, and what they read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from safelight.bundle.signing import BundleSigner
from safelight.cli.main import main
from safelight.keys import Purpose
from safelight.workspace import Workspace


@pytest.fixture
def received(maker: Any, tmp_path: Path) -> Path:
    """A bundle as it came, beside the recipient's key file."""
    (tmp_path / "key.txt").write_text(f"# created by age-keygen\n{maker.identity}\n")
    path = tmp_path / "bundle.age"
    path.write_bytes(maker.made()[0])
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["bundle", *map(str, arguments)])


def with_key(received: Path) -> tuple[str, str]:
    return "--identity", str(received.with_name("key.txt"))


def test_a_whole_bundle_of_the_named_signer(received: Path, maker: Any) -> None:
    signer = maker.signer.verifier.fingerprint
    done = run("verify", received, *with_key(received), "--signer", signer)
    assert done.exit_code == 0, done.output
    assert "whole, and signed with the key that you named" in done.output
    assert "asked by A, released by B" in done.output


def test_it_says_when_nobody_has_told_whose_signature_to_expect(received: Path) -> None:
    done = run("verify", received, *with_key(received))
    assert done.exit_code == 0
    assert "Who signed it is not proven" in done.output


def test_another_signer_ends_with_one(received: Path) -> None:
    done = run("verify", received, *with_key(received), "--signer", "SHA256:" + "A" * 43)
    assert done.exit_code == 1
    assert "WRONG" in done.output
    assert "whole" not in done.output


def test_a_changed_byte_ends_with_one_and_a_plain_message(received: Path) -> None:
    raw = bytearray(received.read_bytes())
    raw[-20] ^= 1
    received.write_bytes(raw)
    done = run("verify", received, *with_key(received))
    assert done.exit_code == 1
    assert "altered" in done.output
    assert "Traceback" not in done.output


def test_for_scripts(received: Path, maker: Any) -> None:
    done = run("verify", received, *with_key(received), "--json")
    told = json.loads(done.output)
    assert (told["whole"], told["trusted"], told["items"]) == (True, False, len(maker.files))


def test_open_writes_what_is_in_it_to_a_new_directory(received: Path, maker: Any, tmp_path: Path) -> None:
    into = tmp_path / "opened"
    assert run("open", received, *with_key(received), "--into", into).exit_code == 0
    assert (into / "items" / "0001").read_bytes() == maker.files[0]
    again = run("open", received, *with_key(received), "--into", into)
    assert again.exit_code == 1
    assert "exists" in again.output


def test_the_workspace_tells_which_key_signs(tmp_path: Path) -> None:
    with Workspace.create(tmp_path / "ws", key_file=tmp_path / "key") as made:
        expected = BundleSigner(made.keyring.subkey(Purpose.BUNDLE_SIGNING)).verifier
    options = ("--workspace", tmp_path / "ws", "--key-file", tmp_path / "key")
    assert run("key", *options).output.strip() == expected.fingerprint
    assert run("key", "--pem", *options).output.strip() == expected.to_pem().decode().strip()
