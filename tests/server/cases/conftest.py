"""The doubles that intake is given in these tests, and a way to have a case finished."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from intake_fixtures import arrive, keys, scanner, sender, spool, use_ring, vault

__all__ = ["arrive", "keys", "scanner", "sender", "spool", "use_ring", "vault"]


@pytest.fixture
def reviewer(actor_with: Callable[..., Any]) -> Any:
    from safelight.server.people.roles import Role

    return actor_with(Role.SENIOR_REVIEWER)


@pytest.fixture
def settle(reviewer: Any) -> Callable[..., Any]:
    """Decide everything in an occurrence's case one way, and finish it."""

    def settled(occurrence: Any, outcome: str) -> Any:
        from safelight.server.cases.decisions import decide
        from safelight.server.cases.models import Case
        from safelight.server.cases.services import finish

        case = Case.objects.get(members__occurrence=occurrence)
        Case.objects.filter(pk=case.pk).update(assigned_to=reviewer.person)
        for member in case.members.all():
            decide(reviewer, case, member.occurrence, outcome, reason="seen")
        return finish(reviewer, case)

    return settled
