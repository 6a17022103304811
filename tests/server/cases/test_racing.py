"""Finishing a case while more arrives for it, each with a connection of its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier, Event
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from safelight.server.cases.decisions import decide
from safelight.server.cases.errors import AlreadyDecided, NotAllDecided
from safelight.server.cases.models import Case, CaseAccount, CaseOccurrence, Decision
from safelight.server.cases.services import finish, open_or_extend
from safelight.server.ids import now
from safelight.server.intake.models import Account, Occurrence
from safelight.server.ledger.models import LedgerRow
from safelight.server.people.roles import Role

pytestmark = pytest.mark.usefixtures("committing_db")
Make = Callable[..., Any]


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    together = Barrier(len(acts))

    def one(act: Callable[[], Any]) -> Any:
        try:
            together.wait()
            return act()
        except (NotAllDecided, AlreadyDecided) as refused:
            return refused
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, acts))


def test_a_case_that_is_finished_while_more_arrives_is_whole_and_nothing_is_lost(
    arrive: Make, actor_with: Make
) -> None:
    reviewer = actor_with(Role.REVIEWER)
    for number in range(6):
        occurrence, account = arrive(f"u{number}", b"first"), f"u{number}"
        case = Case.objects.get(members__occurrence=occurrence)
        Case.objects.filter(pk=case.pk).update(assigned_to=reviewer.person)
        decide(reviewer, case, occurrence, Decision.Outcome.CONFIRMED)
        more = [partial(arrive, account, f"{number}-{i}".encode()) for i in range(3)]
        at_once(partial(finish, reviewer, case), *more)
        assert CaseOccurrence.objects.filter(occurrence__account=occurrence.account).count() == 4
    for case in Case.objects.filter(state=Case.State.FINISHED):
        members = case.members.values_list("occurrence", flat=True)
        assert set(members) == set(case.decisions.values_list("occurrence", flat=True))
    later = Case.objects.filter(follows__isnull=False)
    assert later.count() == Case.objects.filter(state=Case.State.FINISHED).count()


def test_two_people_at_once_decide_once(arrive: Make, actor_with: Make) -> None:
    reviewer, occurrence = actor_with(Role.REVIEWER), arrive()
    case = Case.objects.get()
    Case.objects.update(assigned_to=reviewer.person)
    told = at_once(*[lambda: decide(reviewer, case, occurrence, Decision.Outcome.CONFIRMED)] * 6)
    assert sum(isinstance(one, AlreadyDecided) for one in told) == 5
    assert Decision.objects.count() == 1
    assert LedgerRow.objects.filter(event="decision.made").count() == 1


def test_a_guard_waits_for_a_finish_that_is_about_to_be_committed(arrive: Make, actor_with: Make) -> None:
    """Straight to the tables, past the services' locks: the trigger alone must see the finish."""
    arrive()
    case, account = Case.objects.get(), Account.objects.create(tag=b"u9", platform_id=b"sealed")
    changed, trying = Event(), Event()

    def finishing() -> None:
        with transaction.atomic():
            Case.objects.filter(pk=case.pk).update(state=Case.State.FINISHED, finished_at=now())
            changed.set()
            trying.wait(5)
            time.sleep(1)  # long enough for the other to get past a guard that does not wait

    def adding() -> str:
        changed.wait(5)
        trying.set()
        try:
            CaseAccount.objects.create(case=case, account=account)
        except DatabaseError as error:
            return str(error)
        return "added"

    _, said = at_once(finishing, adding)
    assert "never changed" in said
    assert case.accounts.count() == 1


def test_an_occurrence_and_its_case_are_committed_together(arrive: Make, sender: Make) -> None:
    arrive()
    with pytest.raises(RuntimeError):
        open_or_extend(Occurrence.objects.get(), 50, sender())
