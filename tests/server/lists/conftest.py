"""Lists in the test's own database."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from server_lists import begin

if TYPE_CHECKING:
    from safelight.server.lists.store import DjangoListStore


@pytest.fixture
def store(db: None) -> DjangoListStore:
    """An empty store, rolled back after."""
    return begin()


@pytest.fixture
def committing_store(committing_db: None) -> DjangoListStore:
    """An empty store whose changes others see."""
    return begin()


@pytest.fixture
def manager(actor_with: Callable[..., Any]) -> Any:
    """Somebody who may change lists."""
    from safelight.server.people.roles import Role

    return actor_with(Role.LIST_MANAGER)


@pytest.fixture
def second_manager(actor_with: Callable[..., Any]) -> Any:
    """Somebody else who may."""
    from safelight.server.people.roles import Role

    return actor_with(Role.LIST_MANAGER)
