"""A manifest is graded by its seal and its signer, in every format, and nobody goes anywhere for it."""

from __future__ import annotations

import io
import shutil
import socket
import subprocess
import sys
from datetime import timedelta

import pytest
from signing import Authority, manifest, signed
from small_files import files, picture

from safelight.provenance import Anchors
from safelight.provenance.manifest import _told, manifests
from safelight.provenance.summaries import summary
from safelight.types import Grade


@pytest.mark.parametrize("mime", sorted(files()))
def test_a_signer_on_the_trust_list_is_verified_in_every_format(evidence, signer, mime):
    found = evidence(signed(files()[mime], mime, signer), mime)["c2pa"]
    assert found.grade is Grade.VERIFIED
    assert found.detail["signer"] == "Safelight Tests"
    assert found.detail["common_name"] == "Test Signer"
    assert found.detail["source_type"] == "trainedAlgorithmicMedia"
    assert found.detail["software"] == "Test Model 3"
    assert found.detail["generator"].startswith("test_tool 1.2")
    assert "on the C2PA trust list" in found.summary


def test_a_signer_on_no_list_has_only_signed(evidence, signer):
    content = signed(picture("JPEG"), "image/jpeg", signer)
    stranger = evidence(content, "image/jpeg", anchors=Anchors(official=Authority("Other").pem))["c2pa"]
    assert (stranger.grade, stranger.detail["trust_list"]) == (Grade.SIGNED, "none")
    shipped = evidence(content, "image/jpeg", anchors=None)["c2pa"]
    assert shipped.grade is Grade.SIGNED


def test_the_interim_list_never_verifies(evidence, authority, signer):
    content = signed(picture("JPEG"), "image/jpeg", signer)
    found = evidence(content, "image/jpeg", anchors=Anchors(interim=authority.pem))["c2pa"]
    assert (found.grade, found.detail["trust_list"]) == (Grade.SIGNED, "interim")
    assert "interim" in found.summary


EXPIRED = """
import sys
from safelight.provenance.manifest import _told, manifests
from safelight.provenance.summaries import summary
from safelight.provenance.request import Anchors
[found] = manifests(open(sys.argv[1], "rb"), "image/jpeg", Anchors(official=open(sys.argv[2]).read()))
print(found.grade, found.detail["certificate"])
"""


@pytest.mark.skipif(not shutil.which("faketime"), reason="needs Debian's faketime")
def test_an_expired_certificate_never_verifies(authority, tmp_path):
    content = signed(picture("JPEG"), "image/jpeg", authority.signer(until=timedelta(days=30)))
    (tmp_path / "signed.jpg").write_bytes(content)
    (tmp_path / "anchors.pem").write_text(authority.pem)
    command = [sys.executable, "-c", EXPIRED, tmp_path / "signed.jpg", tmp_path / "anchors.pem"]
    later = subprocess.run(["faketime", "+90 days", *command], capture_output=True, text=True, check=True)
    assert later.stdout.split() == ["signed", "expired"]


def store(*, failures: list[str], trusted: str = "system_anchors") -> dict[str, object]:
    success = (
        [{"code": "signingCredential.trusted", "explanation": f"found in [{trusted}]"}] if trusted else []
    )
    active = {"success": success, "failure": [{"code": code} for code in failures]}
    signature = {"issuer": "Somebody", "common_name": "Signer"}
    return {
        "active_manifest": "m",
        "manifests": {"m": {"signature_info": signature}},
        "validation_results": {"activeManifest": active},
    }


@pytest.mark.parametrize(
    ("failures", "trusted", "grade"),
    [
        ([], "system_anchors", Grade.VERIFIED),
        ([], "user_anchors", Grade.SIGNED),
        (["signingCredential.untrusted"], "", Grade.SIGNED),
        (["signingCredential.untrusted", "signingCredential.expired"], "", Grade.SIGNED),
        (["signingCredential.expired"], "system_anchors", Grade.SIGNED),
        (["timeStamp.mismatch"], "system_anchors", Grade.SIGNED),
        (["signingCredential.ocsp.revoked"], "system_anchors", Grade.DAMAGED),
        (["signingCredential.invalid"], "system_anchors", Grade.DAMAGED),
        (["assertion.dataHash.mismatch"], "system_anchors", Grade.DAMAGED),
        (["something.nobody.knows"], "system_anchors", Grade.DAMAGED),
    ],
)
def test_the_grade_follows_from_every_failure(failures, trusted, grade):
    found = _told(store(failures=failures, trusted=trusted))
    assert found.grade is grade
    assert summary(found)


def test_a_revoked_certificate_is_called_that():
    found = _told(store(failures=["signingCredential.ocsp.revoked"]))
    assert "revoked" in summary(found)


@pytest.mark.parametrize("what", ["pixels", "assertion", "claim", "end"])
def test_what_was_changed_after_signing_is_damaged_whoever_signed(evidence, signer, what):
    content = bytearray(signed(picture("JPEG"), "image/jpeg", signer))
    at = {
        "pixels": len(content) - 60,
        "assertion": content.index(b"Test Model"),
        "claim": content.index(b"test_tool"),
        "end": len(content) - 3,
    }[what]
    content[at] ^= 0x11
    found = evidence(bytes(content), "image/jpeg")["c2pa"]
    assert found.grade is Grade.DAMAGED
    assert "no longer fit" in found.summary


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7, 0.9])
def test_what_breaks_off_is_damaged_and_never_verified(evidence, signer, share):
    content = signed(picture("JPEG"), "image/jpeg", signer)
    found = evidence(content[: int(len(content) * share)], "image/jpeg").get("c2pa")
    assert found is not None
    assert found.grade is Grade.DAMAGED


def test_a_stripped_file_has_no_evidence(evidence):
    assert evidence(picture("JPEG"), "image/jpeg") == {}


def test_what_an_ingredient_was_is_told(evidence, signer):
    generated = signed(picture("JPEG"), "image/jpeg", signer)
    made_from = signed(
        picture("JPEG", quality=60), "image/jpeg", signer, manifest("humanEdits"), parent=generated
    )
    found = evidence(made_from, "image/jpeg")["c2pa"]
    assert found.grade is Grade.VERIFIED
    assert found.detail["source_type"] == "humanEdits"
    assert found.detail["ingredient_source_type"] == "trainedAlgorithmicMedia"


def test_a_composite_is_told_as_one(evidence, signer):
    content = signed(picture("PNG"), "image/png", signer, manifest("compositeWithTrainedAlgorithmicMedia"))
    assert "partly made by a generating system" in evidence(content, "image/png")["c2pa"].summary


def test_a_manifest_kept_elsewhere_is_told_and_not_fetched(evidence, signer):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/manifest.c2pa"
        content = signed(picture("JPEG"), "image/jpeg", signer, remote=address)
        assert evidence(content, "image/jpeg")["c2pa_remote"].detail["address"] == address
        # In this process too, which has sockets: the settings alone keep it from going there.
        [found] = manifests(io.BytesIO(content), "image/jpeg", Anchors())
        assert found.detail["address"] == address
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_nobody_is_asked_whether_a_certificate_was_revoked(evidence, authority):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        asked = authority.signer(ocsp=f"http://127.0.0.1:{listener.getsockname()[1]}/ocsp")
        content = signed(picture("JPEG"), "image/jpeg", asked)
        assert evidence(content, "image/jpeg")["c2pa"].grade is Grade.VERIFIED
        [found] = manifests(io.BytesIO(content), "image/jpeg", Anchors(official=authority.pem))
        assert found.grade is Grade.VERIFIED
        with pytest.raises(BlockingIOError):
            listener.accept()
