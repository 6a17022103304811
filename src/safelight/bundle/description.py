"""What a bundle says of itself, for programs: ``bundle.json``, schema ``safelight.bundle/1``, additive."""

from __future__ import annotations

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from safelight.bundle.layout import SCHEMA
from safelight.errors import BundleDamaged


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class MatchTold(_Part):
    """What matched and how closely; never the listed value."""

    list: str
    list_class: str
    entry_key: str
    classification: str | None
    signal: str
    distance: int
    part: str


class ProvenanceTold(_Part):
    """One item of evidence of origin, with its grade; evidence, never a verdict."""

    kind: str
    grade: str
    summary: str


class DecisionTold(_Part):
    """A decision that stands. ``basis`` says whether the file was seen; ``by`` is a ledger pseudonym."""

    outcome: str
    basis: str
    by: str
    policy_rule: str
    at: datetime


class ItemTold(_Part):
    """One file of the case. ``name`` is None where its bytes are not in the bundle; ``missing`` says why.

    ``digests`` are lower-case hexadecimal by algorithm. ``assessment`` is by axis, in the words of the form;
    empty where nobody assessed it. Without ``provenance_examined`` nobody looked for evidence of origin.
    """

    id: UUID
    name: str | None
    missing: str = ""
    size: int
    kind: str
    mime: str
    digests: dict[str, str]
    sealed_object: UUID | None
    sealed_at: datetime | None
    first_seen_at: datetime
    matches: tuple[MatchTold, ...]
    provenance: tuple[ProvenanceTold, ...]
    provenance_examined: bool
    decisions: tuple[DecisionTold, ...]
    assessment: dict[str, str] = Field(default_factory=dict)


class CustodyStep(_Part):
    """One ledger row in words: ``row`` is its place, by which it is found in ``ledger/rows.json``."""

    row: int
    at: datetime
    event: str
    actor: str
    subject: str
    about: str


class Description(_Part):
    """The whole. People are named where the export is theirs; all others by their ledger pseudonyms.

    ``single_operator`` says that one person asked and released, as a declared team of one may.
    ``finished_reports`` are the receipts that preservation runs from, as hotlines gave them.
    """

    schema_name: str = SCHEMA
    id: UUID
    workspace: str
    software: str
    case: UUID
    case_state: str
    made_at: datetime
    recipient: str
    recipient_fingerprint: str
    purpose: str
    asked_by: str
    asked_at: datetime
    released_by: str
    released_at: datetime
    single_operator: bool
    signer: str
    items: tuple[ItemTold, ...]
    custody: tuple[CustodyStep, ...]
    finished_reports: tuple[str, ...] = ()

    def to_bytes(self) -> bytes:
        """JSON, as it lies in the bundle."""
        return self.model_dump_json(indent=1).encode()

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Read it back. Raises :class:`~safelight.errors.BundleDamaged`."""
        try:
            found = cls.model_validate_json(raw)
        except ValidationError:
            raise BundleDamaged("The description in the bundle cannot be read.") from None
        if found.schema_name != SCHEMA:
            raise BundleDamaged(f"The bundle is of the form {found.schema_name!r}, not {SCHEMA}. Upgrade.")
        return found
