"""A vault that listens, a decided case with sealed files, and an authority with a key pair."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from vault_fixtures import Vault, configured, fd_of, item_of, seal_one, vault

__all__ = ["configured", "fd_of", "item_of", "seal_one", "vault"]


@dataclass
class Authority:
    """Who is handed evidence: a registered recipient, and the private key that only they have."""

    recipient: Any
    identity: Any


@pytest.fixture
def reporter(actor_with: Callable[..., Any]) -> Any:
    from safelight.server.people.roles import Role

    return actor_with(Role.REPORTER)


@pytest.fixture
def lead(actor_with: Callable[..., Any]) -> Any:
    from safelight.server.people.roles import Role

    return actor_with(Role.LEAD)


@pytest.fixture
def authority(reporter: Any, lead: Any) -> Authority:
    import pyrage

    from safelight.server.bundle.recipients import propose_recipient
    from safelight.server.people.proposals import approve

    identity = pyrage.x25519.Identity.generate()
    made = propose_recipient(reporter, "Cyber unit", str(identity.to_public()), "read out by telephone")
    approve(lead, made.proposal.pk)
    made.refresh_from_db()
    return Authority(made, identity)


@pytest.fixture
def scanned(seal_one: Callable[..., Any]) -> Callable[..., Any]:
    """A sealed file with its observation and digest on record, as intake leaves it."""
    from safelight.server.ids import new_id
    from safelight.server.intake.models import Item
    from safelight.server.intake.record_keys import record_keys
    from safelight.types import (
        ListClass,
        Match,
        MediaKind,
        Observation,
        Outcome,
        ScanResult,
        Signal,
        Verdict,
    )

    def make(content: bytes) -> Any:
        sha256, keys, id_ = hashlib.sha256(content).hexdigest(), record_keys(), new_id()
        signals = tuple(Signal(name, hashlib.new(name, content).hexdigest()) for name in ("md5", "sha256"))
        match = Match(signals[0], "ours", ListClass.TEST, "entry-7")
        seen = Observation(
            "x", len(content), MediaKind.TEXT, "text/plain", datetime(2026, 3, 1, tzinfo=UTC),
            signals=signals, matches=(match,),
        )  # fmt: skip
        result = ScanResult(seen, Verdict(Outcome.MATCH, "exact"))
        item = Item.objects.create(
            id=id_, tag=keys.item_tags(sha256)[0], digest=keys.seal_digest(id_, sha256), size=len(content),
            kind="text", mime="text/plain", observation=keys.seal_observation(id_, result), outcome="match",
        )  # fmt: skip
        return seal_one(content, item)

    return make


@pytest.fixture
def case_with(scanned: Callable[..., Any], actor_with: Callable[..., Any]) -> Callable[..., Any]:
    """A case with a sealed file for each content, decided as told; and with one text."""
    from safelight.server.cases.models import Case, CaseOccurrence, Decision
    from safelight.server.ids import new_id
    from safelight.server.intake.models import Intake, Occurrence
    from safelight.server.intake.record_keys import record_keys
    from safelight.server.people.roles import Role

    reviewer = actor_with(Role.SENIOR_REVIEWER)

    def make(**outcomes: str) -> Any:
        case = Case.objects.create(assigned_to=reviewer.person)
        for content, outcome in outcomes.items():
            row = scanned(content.encode() * 50)
            intake = Intake.objects.create(kind=Intake.Kind.UPLOAD)
            seen = Occurrence.objects.create(intake=intake, item=row.item)
            CaseOccurrence.objects.create(case=case, occurrence=seen)
            if outcome:
                Decision.objects.create(case=case, occurrence=seen, outcome=outcome, person=reviewer.person)
        text = new_id()
        said = Occurrence.objects.create(
            id=text,
            intake=Intake.objects.create(kind=Intake.Kind.TEXT),
            text=record_keys().seal_content("text", text, "good evening"),
        )
        CaseOccurrence.objects.create(case=case, occurrence=said)
        return case

    return make


@pytest.fixture
def sequenced(vault: Vault) -> Callable[[], None]:
    """Give every ledger row its place, as the sequencer does within a second."""
    from safelight.server.ledger.sequencer import sequence_once

    def run() -> None:
        sequence_once()

    return run
