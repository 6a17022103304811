"""A ledger with something in it, and people who may read and erase it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest


@pytest.fixture
def recorded() -> Callable[[int], list[UUID]]:
    """Records some events in one transaction, every second one with details, and gives the rows' ids."""
    from django.db import transaction

    from safelight.server.ids import new_id
    from safelight.server.ledger.models import LedgerPending
    from safelight.server.ledger.services import Event, record
    from safelight.server.people.actors import SystemActor

    def recorded(number: int) -> list[UUID]:
        with transaction.atomic():
            for one in range(number):
                details = {"reason": f"number {one}", "count": one} if one % 2 else None
                record(Event.ROLE_GRANTED, SystemActor("web"), subject=new_id(), payload=details)
        waiting = LedgerPending.objects.order_by("-id").values_list("row_id", flat=True)[:number]
        return list(reversed(waiting))

    return recorded


@pytest.fixture
def placed(recorded: Callable[[int], list[UUID]]) -> Callable[..., list[UUID]]:
    """The same, and places them; ``heads`` times, so that there are as many heads."""
    from safelight.server.ledger.sequencer import sequence_once

    def placed(number: int, heads: int = 1) -> list[UUID]:
        ids = []
        for _ in range(heads):
            ids += recorded(number)
            sequence_once()
        return ids

    return placed


@pytest.fixture
def raw() -> Iterator[Any]:
    """The database as an intruder has it."""
    from raw_database import raw_database

    with raw_database() as raw:
        yield raw


@pytest.fixture
def administrator(actor_with: Callable[..., Any]) -> Any:
    return actor_with("administrator")


@pytest.fixture
def auditor(actor_with: Callable[..., Any]) -> Any:
    return actor_with("auditor")
