"""A ledger with something in it, and people who may read and erase it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import transaction
from raw_database import RawDatabase, raw_database

from safelight.server.ids import new_id, now
from safelight.server.ledger.events import Event
from safelight.server.ledger.models import LedgerPending
from safelight.server.ledger.sequencer import sequence_once
from safelight.server.ledger.services import record
from safelight.server.people.actors import PersonActor, SystemActor
from safelight.server.people.models import Person, Proposal, RoleGrant

WEB = SystemActor("web")


def _record(number: int) -> list[UUID]:
    with transaction.atomic():
        for one in range(number):
            details = {"reason": f"number {one}", "count": one} if one % 2 else None
            record(Event.ROLE_GRANTED, WEB, subject=new_id(), payload=details)
    waiting = LedgerPending.objects.order_by("-id").values_list("row_id", flat=True)[:number]
    return list(reversed(waiting))


@pytest.fixture
def recorded() -> Callable[[int], list[UUID]]:
    """Records some events in one transaction, every second one with details, and gives the rows' ids."""
    return _record


@pytest.fixture
def placed() -> Callable[..., list[UUID]]:
    """The same, and places them; ``heads`` times, so that there are as many heads."""

    def place(number: int, heads: int = 1) -> list[UUID]:
        ids = []
        for _ in range(heads):
            ids += _record(number)
            sequence_once()
        return ids

    return place


@pytest.fixture
def raw() -> Iterator[RawDatabase]:
    with raw_database() as raw:
        yield raw


def _person(role: str) -> PersonActor:
    person = Person.objects.create_user(f"{role}@example.org")
    proposal = Proposal.objects.create(
        kind="role_grant",
        subject=person.pk,
        reason="a test",
        proposed_by=person,
        expires_at=now() + timedelta(1),
    )
    RoleGrant.objects.create(person=person, role=role, proposal=proposal)
    return PersonActor(person, "session", second_factor=True)


@pytest.fixture
def administrator() -> PersonActor:
    return _person("administrator")


@pytest.fixture
def auditor() -> PersonActor:
    return _person("auditor")
