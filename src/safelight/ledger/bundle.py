"""A few rows that prove themselves, to go with evidence to law enforcement; no database is needed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from safelight.errors import LedgerMalformed
from safelight.ledger.entry import Entry, Payload
from safelight.ledger.heads import HeadVerifier, SignedHead, is_signed_by_any
from safelight.ledger.tree import MerkleTree, includes, leaf_hash

SCHEMA: Final = "safelight.ledger-bundle/1"


@dataclass(frozen=True, slots=True)
class ProvenRow:
    """A row, its place, the proof that it stands there, and its payload where that is disclosed."""

    index: int
    entry: Entry
    proof: tuple[bytes, ...]
    payload: Payload | None = None


@dataclass(frozen=True, slots=True)
class Bundle:
    """Rows of a ledger and the signed head that they are proven under."""

    head: SignedHead
    rows: tuple[ProvenRow, ...]

    @classmethod
    def of(
        cls, tree: MerkleTree, head: SignedHead, rows: Iterable[tuple[int, Entry, Payload | None]]
    ) -> Bundle:
        """Take rows out of a ledger, each with its proof under ``head``, which must cover them."""
        size = head.head.size
        return cls(
            head,
            tuple(ProvenRow(i, entry, tree.inclusion_proof(i, size), payload) for i, entry, payload in rows),
        )

    def problems(self, verifiers: Sequence[HeadVerifier]) -> tuple[str, ...]:
        """Everything that is not proven, in plain words; empty for a bundle that holds."""
        head = self.head.head
        found = []
        if not is_signed_by_any(self.head, verifiers):
            found.append("The head was not signed with a key that you trust.")
        for row in self.rows:
            leaf = leaf_hash(row.entry.canonical())
            if not includes(head.root, head.size, row.index, leaf, row.proof):
                found.append(f"Row {row.index} is not in the ledger as it is shown here.")
            if row.payload is not None and not row.payload.belongs_to(row.entry):
                found.append(f"The details of row {row.index} are not those that it was written with.")
        return tuple(found)

    def to_json(self) -> str:
        """The bundle as it is exported."""
        rows = [
            {
                "index": row.index,
                "row": row.entry.canonical().decode(),
                "proof": [node.hex() for node in row.proof],
                "payload": None
                if row.payload is None
                else {"body": row.payload.body.hex(), "salt": row.payload.salt.hex()},
            }
            for row in self.rows
        ]
        return json.dumps({"schema": SCHEMA, "head": self.head.to_text(), "rows": rows}, indent=1)

    @classmethod
    def parse(cls, text: str) -> Bundle:
        """Read :meth:`to_json` back. Raises :class:`~safelight.errors.LedgerMalformed`."""
        try:
            members = json.loads(text)
            if members["schema"] != SCHEMA:
                raise LedgerMalformed(
                    f"This is not a bundle of the form {SCHEMA}. Upgrade Safelight to read it."
                )
            return cls(SignedHead.parse(members["head"]), tuple(_row(row) for row in members["rows"]))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise LedgerMalformed("This is not a ledger bundle, or it was cut short.") from None


def _row(members: dict[str, object]) -> ProvenRow:
    index, row, proof, payload = (members[name] for name in ("index", "row", "proof", "payload"))
    if not isinstance(index, int) or not isinstance(row, str) or not isinstance(proof, list):
        raise LedgerMalformed("A row of the bundle is not one.")
    disclosed = None
    if isinstance(payload, dict):
        disclosed = Payload(bytes.fromhex(payload["body"]), bytes.fromhex(payload["salt"]))
    return ProvenRow(
        index, Entry.parse(row.encode()), tuple(bytes.fromhex(node) for node in proof), disclosed
    )
