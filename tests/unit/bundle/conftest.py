"""A small bundle made on the spot: two files of noise, a ledger of a few rows, and a recipient's key pair."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from safelight.bundle.description import CustodyStep, Description, ItemTold
from safelight.bundle.layout import item_name
from safelight.bundle.recipients import RecipientKey
from safelight.bundle.signing import BundleSigner
from safelight.bundle.writing import Content, SealedBundle, write_bundle
from safelight.ledger.bundle import Bundle
from safelight.ledger.entry import Entry, Payload, VaultEvent
from safelight.ledger.heads import HeadSigner
from safelight.ledger.tree import MerkleTree, leaf_hash

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
PUT_IN = (b"a benign file\n" * 20, b"")


def described(number: int, content: bytes) -> ItemTold:
    return ItemTold(
        id=UUID(int=number),
        name=item_name(number),
        size=len(content),
        kind="text",
        mime="text/plain",
        digests={"sha256": hashlib.sha256(content).hexdigest(), "md5": hashlib.md5(content).hexdigest()},
        sealed_object=UUID(int=100 + number),
        sealed_at=AT,
        first_seen_at=AT,
        matches=(),
        provenance=(),
        provenance_examined=False,
        decisions=(),
    )


@dataclass
class Maker:
    """Whoever makes bundles here, and the one recipient who can open them."""

    identity: Any
    recipient: RecipientKey
    signer: BundleSigner = field(default_factory=lambda: BundleSigner(bytes(range(32))))
    files: tuple[bytes, ...] = PUT_IN
    changes: dict[str, Any] = field(default_factory=dict)
    context: bytes | None = b'{"case": "x"}'
    ledger_signer: HeadSigner = field(default_factory=lambda: HeadSigner("safelight/test", bytes(32)))

    def ledger(self) -> tuple[Bundle, tuple[CustodyStep, ...]]:
        payload = Payload(b'{"length":280}', bytes(32))
        entry = Entry(UUID(int=7), AT, VaultEvent.SEALED, "process:jobs", "ab" * 16, payload.digest())
        other = Entry(UUID(int=8), AT, VaultEvent.OPENED, "process:jobs", "cd" * 16, payload.digest())
        tree = MerkleTree(leaf_hash(row.canonical()) for row in (other, entry, other))
        head = self.ledger_signer.sign(3, tree.root(), AT)
        step = CustodyStep(
            row=1, at=AT, event=entry.event, actor=entry.actor, subject=entry.subject, about="item 1"
        )
        return Bundle.of(tree, head, [(1, entry, payload)]), (step,)

    def description(self) -> Description:
        _, custody = self.ledger()
        told = Description(
            id=UUID(int=1),
            workspace="test",
            software="Safelight 0",
            case=UUID(int=2),
            case_state="decided",
            made_at=AT,
            recipient="Unit <Cyber> & Co",
            recipient_fingerprint=self.recipient.fingerprint,
            purpose="request 12",
            asked_by="A",
            asked_at=AT,
            released_by="B",
            released_at=AT,
            single_operator=False,
            signer=self.signer.verifier.fingerprint,
            items=tuple(described(number, content) for number, content in enumerate(self.files, 1)),
            custody=custody,
        )
        return told.model_copy(update=self.changes)

    def content(self, pieces: Iterable[Iterable[bytes]] | None = None) -> Content:
        rows, _ = self.ledger()
        given = [[content] for content in self.files] if pieces is None else pieces
        return Content(self.description(), rows, self.ledger_signer.verifier, self.context, given)

    def made(self) -> tuple[bytes, SealedBundle]:
        out = io.BytesIO()
        sealed = write_bundle(out, self.recipient, self.signer, self.content())
        return out.getvalue(), sealed


@pytest.fixture
def maker() -> Maker:
    import pyrage

    identity = pyrage.x25519.Identity.generate()
    return Maker(identity, RecipientKey(str(identity.to_public())))
