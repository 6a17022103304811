"""Whose signatures count: a shipped list whose copies are sound, and a workspace's own in its place."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from signing import Authority, signed
from small_files import picture

from safelight.cli.main import main
from safelight.errors import UsageError
from safelight.provenance import Anchors, anchors_of, listed, shipped, update
from safelight.provenance.request import Request
from safelight.workspace import Workspace

_PEM = re.compile("-----BEGIN.+?END CERTIFICATE-----", re.DOTALL)


def certificates() -> list[x509.Certificate]:
    return [x509.load_pem_x509_certificate(text.encode()) for text in _PEM.findall(shipped().official)]


def test_every_shipped_anchor_is_a_sound_copy_of_an_authority():
    found = certificates()
    assert len(found) == 9
    for certificate in found:
        assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        said = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
        assert said == x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()).digest
        assert certificate.not_valid_after_utc > datetime(2030, 1, 1, tzinfo=UTC)
        if certificate.issuer == certificate.subject:
            certificate.verify_directly_issued_by(certificate)
    assert (
        len({c.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) for c in found})
        == 9
    )
    assert len(Request("image/jpeg", shipped()).pack()) < 20_000


def test_a_list_replaces_the_one_of_its_kind(tmp_path: Path):
    ours, older = Authority(), Authority("Older Root")
    assert anchors_of(tmp_path) == anchors_of(None) == shipped()
    [anchor] = update(tmp_path, f"a comment\n{ours.pem}")
    assert "Test Root" in anchor.name
    assert not anchor.expired
    update(tmp_path, older.pem, interim=True)
    assert anchors_of(tmp_path) == Anchors(ours.pem, older.pem)


@pytest.mark.parametrize(
    "pem", ["", "no certificates", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"]
)
def test_what_is_no_list_changes_nothing(tmp_path: Path, pem: str):
    with pytest.raises(UsageError, match="Nothing was changed"):
        update(tmp_path, pem)
    with pytest.raises(UsageError, match="Nothing was changed"):
        listed(pem)
    assert anchors_of(tmp_path) == shipped()


def test_more_than_fits_a_request_is_refused_when_it_is_put_there(tmp_path: Path):
    pem = "\n".join(Authority(f"Root {number}").pem for number in range(400))
    with pytest.raises(UsageError, match="too many certificates"):
        update(tmp_path, pem)
    assert anchors_of(tmp_path) == shipped()


def test_the_commands_show_what_a_workspace_trusts(tmp_path: Path):
    authority = Authority()
    Workspace.create(tmp_path / "workspace", key_file=tmp_path / "key").close()
    (tmp_path / "signed.jpg").write_bytes(signed(picture("JPEG"), "image/jpeg", authority.signer()))
    (tmp_path / "anchors.pem").write_text(authority.pem)
    (tmp_path / "plain.png").write_bytes(picture("PNG"))

    def run(*arguments: str) -> str:
        where = ["--workspace", str(tmp_path / "workspace")]
        result = CliRunner().invoke(main, ["provenance", *arguments, *where])
        assert result.exit_code == 0, result.output
        return result.output

    show = ["--accept-partial-sandbox", str(tmp_path / "signed.jpg"), str(tmp_path / "plain.png")]
    assert "signed" in run("show", *show)
    assert "that says nothing either way" in run(*show)
    assert "The shipped list" in run("trust", "show")
    assert "1 certificates are trusted now" in run("trust", "update", str(tmp_path / "anchors.pem"))
    assert "verified" in run("show", *show)
    assert '"grade": "verified"' in run("--json", *show)
    assert "Test Root" in run("trust", "show")


def test_a_file_that_is_none_is_not_passed_over(tmp_path: Path):
    result = CliRunner().invoke(main, ["provenance", str(tmp_path / "missing.jpg")])
    assert result.exit_code == 4
    assert "not looked at" in result.output
