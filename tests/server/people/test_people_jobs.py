"""What ends by itself among people: each is a job that comes again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session

from safelight.server.ids import clock_at, now
from safelight.server.jobs.models import Job
from safelight.server.jobs.registry import HANDLERS, load_handlers
from safelight.server.jobs.services import enqueue
from safelight.server.jobs.working import work_once
from safelight.server.ledger.models import LedgerRow
from safelight.server.people.grants import propose_role
from safelight.server.people.models import Proposal
from safelight.server.people.roles import Role

pytestmark = pytest.mark.usefixtures("committing_db")
Make = Callable[..., Any]


def run(kind: str) -> None:
    from django.db import transaction

    load_handlers()
    with transaction.atomic():
        enqueue(kind, {})
    assert work_once("a test")
    assert not Job.objects.exclude(last_error="").exists()


@pytest.mark.parametrize(
    "kind", ["people.proposals", "people.sessions", "cases.strays", "cases.complaints", "intake.rescan",
             "intake.expire", "intake.seen"],
)  # fmt: skip
def test_it_is_due_by_itself_again_and_again(kind: str) -> None:
    load_handlers()
    assert HANDLERS[kind].every is not None
    run(kind)
    assert Job.objects.filter(kind=kind, state=Job.State.DUE).count() == 1


def test_proposals_that_nobody_decided_are_closed(actor_with: Make) -> None:
    propose_role(actor_with(Role.ADMINISTRATOR), actor_with(Role.REVIEWER).person, Role.REPORTER, "reports")
    still = Proposal.objects.filter(state=Proposal.State.OPEN)
    run("people.proposals")
    assert still.count() == 1
    later = now() + timedelta(days=8)
    with clock_at(lambda: later):
        run("people.proposals")
    assert not still.exists()
    assert LedgerRow.objects.filter(event="proposal.expired").count() == 1


def test_sessions_that_are_over_go_with_the_addresses_that_were_noted(person_with: Make) -> None:
    person = person_with()
    Session.objects.create(session_key="over", session_data="", expire_date=now() - timedelta(hours=1))
    Session.objects.create(session_key="going on", session_data="", expire_date=now() + timedelta(hours=1))
    for key in ("over", "going on", "signed out before"):
        UserSession.objects.create(user=person, session_key=key, ip="192.0.2.7", user_agent="a browser")
    run("people.sessions")
    assert list(Session.objects.values_list("session_key", flat=True)) == ["going on"]
    assert list(UserSession.objects.values_list("session_key", flat=True)) == ["going on"]
