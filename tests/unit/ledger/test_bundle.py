"""A bundle proves its rows to whoever has the public key, and nothing that was not so."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from safelight.errors import LedgerMalformed
from safelight.ledger.bundle import Bundle
from safelight.ledger.entry import Entry, Payload, VaultEvent
from safelight.ledger.heads import HeadSigner
from safelight.ledger.tree import MerkleTree, leaf_hash

SIGNER = HeadSigner("ledger.example.org/1", bytes(range(32)))
AT = datetime(2026, 3, 1, tzinfo=UTC)
PAYLOADS = [Payload.of(b"details %d" % i) for i in range(11)]
ENTRIES = [
    Entry(UUID(int=i), AT, VaultEvent.OPENED, "p1", f"o{i}", payload.digest())
    for i, payload in enumerate(PAYLOADS)
]
TREE = MerkleTree(leaf_hash(entry.canonical()) for entry in ENTRIES)
HEAD = SIGNER.sign(10, TREE.root(10), AT)
BUNDLE = Bundle.of(TREE, HEAD, [(2, ENTRIES[2], PAYLOADS[2]), (9, ENTRIES[9], None)])
TRUSTED = [SIGNER.verifier]


def test_a_bundle_holds_and_reads_back() -> None:
    assert BUNDLE.problems(TRUSTED) == ()
    again = Bundle.parse(BUNDLE.to_json())
    assert again == BUNDLE
    assert again.problems(TRUSTED) == ()


def test_only_what_is_disclosed_is_in_it() -> None:
    text = BUNDLE.to_json()
    assert PAYLOADS[2].body.hex() in text
    assert PAYLOADS[9].body.hex() not in text
    assert PAYLOADS[9].salt.hex() not in text


def test_a_stranger_signature_is_not_trusted() -> None:
    other = HeadSigner.generate("ledger.example.org/1")
    assert "key that you trust" in BUNDLE.problems([other.verifier])[0]


def test_every_untrue_statement_is_found() -> None:
    row = BUNDLE.rows[0]
    for untrue in (
        replace(row, index=3),
        replace(row, entry=replace(row.entry, actor="p2")),
        replace(row, proof=row.proof[1:]),
        replace(row, payload=Payload(b"other details", PAYLOADS[2].salt)),
    ):
        assert len(replace(BUNDLE, rows=(untrue,)).problems(TRUSTED)) == 1


def test_a_row_that_the_head_does_not_cover_cannot_be_bundled() -> None:
    with pytest.raises(ValueError, match="no leaf 10"):
        Bundle.of(TREE, HEAD, [(10, ENTRIES[10], None)])


def test_every_altered_byte_of_a_bundle_is_noticed() -> None:
    text = BUNDLE.to_json()
    meant = json.loads(text)
    missed = []
    for position in range(len(text)):
        altered = text[:position] + chr(ord(text[position]) ^ 1) + text[position + 1 :]
        try:
            bundle = Bundle.parse(altered)
        except LedgerMalformed:
            continue
        if not bundle.problems(TRUSTED) and json.loads(altered) != meant:
            missed.append(position)
    assert missed == []


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema": "safelight.ledger-bundle/2"}', BUNDLE.to_json()[:-20]]
)
def test_what_is_no_bundle_is_refused(text: str) -> None:
    with pytest.raises(LedgerMalformed):
        Bundle.parse(text)
