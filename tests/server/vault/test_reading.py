"""Nobody reads evidence who may not, without a reason, or without a ledger row that was there before."""

from __future__ import annotations

import pytest
from django.db import transaction

from safelight.errors import KeyRecordMissing, UsageError
from safelight.server.cases.models import Case, CaseOccurrence
from safelight.server.ids import new_id
from safelight.server.intake.models import Intake, Occurrence
from safelight.server.ledger.models import LedgerPayload, LedgerRow
from safelight.server.people.actors import SystemActor
from safelight.server.people.permissions import PermissionDenied
from safelight.server.people.roles import Role
from safelight.server.vault import place
from safelight.server.vault.errors import VaultUnreachable
from safelight.server.vault.services import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def evidence(seal_one, item_of):
    return seal_one(b"0123456789", item_of())


@pytest.fixture
def reviewer(actor_with, evidence):
    """A reviewer whose case the evidence is in."""
    actor = actor_with(Role.REVIEWER)
    intake = Intake.objects.create(kind=Intake.Kind.UPLOAD)
    seen = Occurrence.objects.create(intake=intake, item=evidence.item)
    CaseOccurrence.objects.create(case=Case.objects.create(assigned_to=actor.person), occurrence=seen)
    return actor


def reads() -> int:
    return LedgerRow.objects.filter(event="evidence.read").count()


def test_a_reviewer_reads_what_is_in_their_own_case(reviewer, evidence) -> None:
    assert read(reviewer, evidence.pk, 2, 4, "deciding the case") == b"2345"
    body = LedgerPayload.objects.get(row__event="evidence.read").body
    assert "deciding the case" in str(bytes(body) if isinstance(body, memoryview) else body)


def test_the_ledger_row_is_there_before_the_vault_is_asked(reviewer, evidence, monkeypatch) -> None:
    seen = []

    def asked(*_):
        seen.append(reads())
        return b""

    monkeypatch.setattr(type(place.vault()), "read", asked)
    read(reviewer, evidence.pk, 0, 1, "deciding the case")
    assert seen == [1]


def test_it_refuses_to_read_inside_a_transaction_that_could_still_roll_back(reviewer, evidence) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        read(reviewer, evidence.pk, 0, 1, "deciding the case")


@pytest.mark.parametrize("role", [*Role])
def test_nobody_reads_what_is_in_no_case_of_theirs(actor_with, evidence, role) -> None:
    with pytest.raises(PermissionDenied):
        read(actor_with(role), evidence.pk, 0, 1, "out of curiosity")
    assert reads() == 0


def test_nobody_reads_without_a_second_factor(reviewer, evidence) -> None:
    alone = type(reviewer)(reviewer.person, reviewer.session_id, second_factor=False)
    with pytest.raises(PermissionDenied, match="second factor"):
        read(alone, evidence.pk, 0, 1, "deciding the case")


def test_no_process_reads_by_itself(evidence) -> None:
    for process in ("web", "jobs", "vault", "terminal"):
        with pytest.raises(PermissionDenied):
            read(SystemActor(process), evidence.pk, 0, 1, "a look")


def test_a_read_needs_a_reason_and_a_sound_range(reviewer, evidence) -> None:
    for start, length, reason in [(0, 1, "  "), (-1, 1, "case"), (0, 0, "case"), (0, 1 << 40, "case")]:
        with pytest.raises(UsageError):
            read(reviewer, evidence.pk, start, length, reason)


def test_what_does_not_exist_is_told_to_nobody_who_may_not_read(reviewer) -> None:
    with pytest.raises((PermissionDenied, KeyRecordMissing)):
        read(reviewer, new_id(), 0, 1, "deciding the case")


def test_while_the_vault_is_away_nothing_is_read(reviewer, evidence, vault) -> None:
    vault.stop()
    with pytest.raises(VaultUnreachable):
        read(reviewer, evidence.pk, 0, 1, "deciding the case")
