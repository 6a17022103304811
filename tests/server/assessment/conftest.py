"""The doubles that intake is given in these tests, a case that somebody has, and people to ask."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from intake_fixtures import arrive, keys, scanner, sender, spool, use_ring, vault
from server_lists import begin

__all__ = ["arrive", "keys", "scanner", "sender", "spool", "use_ring", "vault"]


@pytest.fixture
def policy(workspace_setting: Callable[..., None]) -> Callable[..., None]:
    """Set what the operator's configuration says of assessments."""

    def say(**told: Any) -> None:
        from safelight.server.config import Assessing

        workspace_setting(assessment=Assessing(**told))

    return say


@pytest.fixture
def reviewer(actor_with: Callable[..., Any]) -> Any:
    from safelight.server.people.roles import Role

    return actor_with(Role.REVIEWER)


@pytest.fixture
def second(actor_with: Callable[..., Any]) -> Any:
    from safelight.server.people.roles import Role

    return actor_with(Role.REVIEWER)


@pytest.fixture
def senior(actor_with: Callable[..., Any]) -> Any:
    from safelight.server.people.roles import Role

    return actor_with(Role.SENIOR_REVIEWER)


@pytest.fixture
def case(arrive: Callable[..., Any], reviewer: Any) -> Any:
    """A case of one file that a list knows, which the reviewer has taken."""
    from safelight.server.cases.handling import take

    taken = arrive().membership.case
    return take(reviewer, taken)


@pytest.fixture
def item(case: Any) -> Any:
    from safelight.server.intake.models import Item

    return Item.objects.get(occurrences__membership__case=case)


@pytest.fixture
def browser_of(person_with: Callable[..., Any]) -> Callable[..., Any]:
    """A signed-in browser of somebody."""

    def made(person: Any) -> Client:
        client = Client()
        client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return made


@pytest.fixture
def store(db: None) -> Any:
    """An empty store of lists, rolled back after."""
    return begin()


@pytest.fixture
def manager(store: Any, actor_with: Callable[..., Any]) -> Any:
    """Somebody who may change lists."""
    from safelight.server.people.roles import Role

    return actor_with(Role.LIST_MANAGER)


@pytest.fixture
def second_manager(store: Any, actor_with: Callable[..., Any]) -> Any:
    """Somebody else who may."""
    from safelight.server.people.roles import Role

    return actor_with(Role.LIST_MANAGER)
