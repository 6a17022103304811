"""What is confirmed is hidden and its uploader suspended on the decision; a report is told on its receipt."""

from __future__ import annotations

from typing import Any

import pytest

from safelight.server.cases.decisions import decide, supersede
from safelight.server.cases.models import Case, CaseAccount, Decision
from safelight.server.cases.services import set_role
from safelight.server.intake.context import Context
from safelight.server.intake.models import Account, Occurrence
from safelight.server.intake.services import receive_file
from safelight.server.webhooks import services
from safelight.types import Outcome

pytestmark = pytest.mark.usefixtures("db", "keys", "vault")
HIDE, RESTORE, SUSPEND, REINSTATE = "item.hide", "item.restore", "account.suspend", "account.restore"


@pytest.fixture
def told(monkeypatch) -> list[Any]:
    heard: list[Any] = []
    real = services.emit

    def emit(kind: str, payload: dict[str, Any]) -> None:
        real(kind, payload)
        if kind in {HIDE, RESTORE, SUSPEND, REINSTATE, "report.finished"}:
            heard.append((kind, payload))

    monkeypatch.setattr(services, "emit", emit)
    return heard


@pytest.fixture
def case(sender, spool, scanner, reviewer) -> Case:
    scanner.told[b"a file"] = Outcome.MATCH
    receive_file(sender(), spool(b"a file"), Context("u1", "post-1"))
    made = Case.objects.get()
    made.assigned_to = reviewer.person
    made.save()
    return made


def decided(reviewer, case: Case, outcome: Decision.Outcome) -> None:
    decide(reviewer, case, Occurrence.objects.get(), outcome, reason="as the list says")


def as_role(reviewer, case: Case, role: CaseAccount.Role) -> None:
    set_role(reviewer, case, Account.objects.get(), role, "their own words")


def kinds(told: list[Any]) -> list[str]:
    return [kind for kind, _ in told]


def test_what_is_confirmed_is_hidden_at_once(told, case, reviewer) -> None:
    decided(reviewer, case, Decision.Outcome.CONFIRMED)
    (kind, about), (then, whom) = told
    assert (kind, about["content"], about["account"]) == (HIDE, "post-1", "u1")
    assert (then, whom) == (SUSPEND, {"case": str(case.pk), "account": "u1"})


def test_what_is_dismissed_is_not(told, case, reviewer) -> None:
    decided(reviewer, case, Decision.Outcome.DISMISSED)
    assert told == []


def test_a_superseded_confirmation_is_taken_back(told, case, reviewer) -> None:
    decided(reviewer, case, Decision.Outcome.CONFIRMED)
    supersede(reviewer, Decision.objects.get(), Decision.Outcome.DISMISSED, reason="a mistake")
    assert kinds(told) == [HIDE, SUSPEND, RESTORE, REINSTATE]


def test_only_who_is_noted_as_the_uploader_is_suspended(told, case, reviewer) -> None:
    as_role(reviewer, case, CaseAccount.Role.UNKNOWN)
    decided(reviewer, case, Decision.Outcome.CONFIRMED)
    for role in (CaseAccount.Role.VICTIM, CaseAccount.Role.COMPROMISED, CaseAccount.Role.RECIPIENT):
        as_role(reviewer, case, role)
    assert kinds(told) == [HIDE]
    as_role(reviewer, case, CaseAccount.Role.UPLOADER)
    as_role(reviewer, case, CaseAccount.Role.UPLOADER)
    as_role(reviewer, case, CaseAccount.Role.COMPROMISED)
    assert kinds(told) == [HIDE, SUSPEND, REINSTATE]
    assert told[1][1] == {"case": str(case.pk), "account": "u1"}


def test_a_decision_does_not_say_that_anything_was_reported(told, case, reviewer) -> None:
    decided(reviewer, case, Decision.Outcome.CONFIRMED)
    assert "report.finished" not in kinds(told)
