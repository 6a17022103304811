"""The doubles that intake is given in these tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from intake_fixtures import arrive, keys, scanner, sender, spool, use_ring, vault

__all__ = ["arrive", "keys", "scanner", "sender", "spool", "use_ring", "vault"]


@pytest.fixture
def browser_of(person_with: Callable[..., Any]) -> Callable[..., tuple[Client, Any]]:
    """Somebody with these roles, signed in, and who they are."""

    def made(*roles: Any) -> tuple[Client, Any]:
        person, client = person_with(*roles), Client()
        client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client, person

    return made
