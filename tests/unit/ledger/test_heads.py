"""A signed head proves who said it; every changed character shows; a fork cannot be archived."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path

import pytest

from safelight.errors import LedgerError, LedgerMalformed
from safelight.ledger.archive import DirectoryArchive
from safelight.ledger.heads import HeadSigner, HeadVerifier, SignedHead, TreeHead, is_signed_by_any

SIGNER = HeadSigner("ledger.example.org/0190f0b2", bytes(range(32)))
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
SIGNED = SIGNER.sign(1042, bytes(32), AT)


def test_the_text_is_a_checkpoint_as_transparency_logs_write_it() -> None:
    """Note text, blank line, em dash, key name, base64 of key id and signature (C2SP signed-note)."""
    body, signature = SIGNED.to_text().split("\n\n")
    assert body == (
        "ledger.example.org/0190f0b2\n1042\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
        "time 2026-03-01T12:00:00.000000Z"
    )
    assert signature.startswith("\u2014 ledger.example.org/0190f0b2 ")
    blob = base64.b64decode(signature.split(" ")[2])
    assert blob == bytes.fromhex(SIGNER.verifier.key_id) + SIGNED.signature
    assert len(blob) == 4 + 64


def test_a_known_public_key_has_the_id_that_the_format_gives_it() -> None:
    """The example key of golang.org/x/mod/sumdb/note, which defined the format."""
    text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    assert HeadVerifier.parse(text).key_id == "c74f20a3"


def test_a_head_reads_back_and_verifies() -> None:
    again = SignedHead.parse(SIGNED.to_text())
    assert again == SIGNED
    assert SIGNER.verifier.has_signed(again)
    assert HeadVerifier.parse(SIGNER.verifier.to_text()).has_signed(again)
    assert HeadSigner(SIGNER.verifier.origin, SIGNER.secret()).verifier.key_id == SIGNER.verifier.key_id


@pytest.mark.parametrize("flip", [0x01, 0x20])
def test_every_altered_byte_of_a_head_is_noticed(flip: int) -> None:
    raw = SIGNED.to_text().encode()
    missed = []
    for position in range(len(raw)):
        altered = bytearray(raw)
        altered[position] ^= flip
        try:
            head = SignedHead.parse(altered.decode())
        except (LedgerMalformed, UnicodeDecodeError):
            continue
        if SIGNER.verifier.has_signed(head):
            missed.append(position)
    assert missed == []


def test_other_keys_and_other_origins_have_not_signed() -> None:
    other = HeadSigner.generate(SIGNER.verifier.origin)
    elsewhere = HeadSigner("elsewhere", SIGNER.secret())
    assert not other.verifier.has_signed(SIGNED)
    assert not elsewhere.verifier.has_signed(SIGNED)
    assert not is_signed_by_any(SIGNED, [other.verifier, elsewhere.verifier])
    assert is_signed_by_any(SIGNED, [other.verifier, SIGNER.verifier])


@pytest.mark.parametrize("text", ["", "\n" * 6, "a+b", "a+00000000+AAAA", SIGNER.verifier.to_text()[:-4]])
def test_what_is_no_head_or_key_is_refused(text: str) -> None:
    with pytest.raises(LedgerMalformed):
        SignedHead.parse(text)
    with pytest.raises(LedgerMalformed):
        HeadVerifier.parse(text)


def test_impossible_states_are_refused() -> None:
    for origin, size, root, at in (
        ("two words", 1, bytes(32), AT),
        ("o", -1, bytes(32), AT),
        ("o", 1, bytes(31), AT),
        ("o", 1, bytes(32), AT.replace(tzinfo=None)),
    ):
        with pytest.raises(LedgerMalformed):
            TreeHead(origin, size, root, at)


def test_an_archive_gives_heads_back_in_order_and_keeps_the_first_of_a_size(tmp_path: Path) -> None:
    archive = DirectoryArchive(tmp_path)
    heads = [SIGNER.sign(size, bytes([size]) * 32, AT) for size in (9, 10, 2)]
    for head in heads:
        archive.write(head)
    archive.write(SIGNER.sign(9, bytes([9]) * 32, AT.replace(hour=13)))
    assert list(archive) == [heads[2], heads[0], heads[1]]
    assert len(list(tmp_path.iterdir())) == 3


def test_an_archive_refuses_a_second_history(tmp_path: Path) -> None:
    archive = DirectoryArchive(tmp_path)
    archive.write(SIGNED)
    with pytest.raises(LedgerError, match="rewritten"):
        archive.write(SIGNER.sign(1042, bytes([1]) * 32, AT))
    assert list(archive) == [SIGNED]


def test_an_archive_that_is_not_mounted_says_so(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="mount"):
        DirectoryArchive(tmp_path / "missing").write(SIGNED)
