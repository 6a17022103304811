"""Many tabs at once, each a connection of its own: the last view of a budget is opened once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from safelight.media.rendering import Level
from safelight.server.people.roles import Role
from safelight.server.review.budgets import set_budget
from safelight.server.review.errors import AddressUsed, OnBreak
from safelight.server.review.models import Budget, Viewing
from safelight.server.review.opening import open_viewing
from safelight.server.review.showing import show

pytestmark = pytest.mark.usefixtures("committing_db")


def test_tabs_that_open_at_once_share_one_budget(own_case: Any, vault: Any, actor_with: Any) -> None:
    actor, case, item = own_case()
    set_budget(actor_with(Role.LEAD), 1, Budget.Per.DAY, views=3, minutes=None)
    start = Barrier(6)

    def tab(_number: int) -> bool:
        try:
            start.wait()
            open_viewing(actor, case, item, Level.TINY)
        except OnBreak:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(6) as tabs:
        opened = list(tabs.map(tab, range(6)))
    # What another tab ended before it was shown costs nothing, so the last one open is what counts.
    assert any(opened)
    assert Viewing.objects.filter(ended_at=None).count() == 1


def test_of_two_who_use_an_address_one_gets_it(own_case: Any, sandboxed: Any) -> None:
    actor, case, item = own_case()
    token = open_viewing(actor, case, item, Level.TINY).token
    start = Barrier(2)

    def fetch(_number: int) -> bool:
        try:
            start.wait()
            show(actor, token)
        except AddressUsed:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as both:
        assert sorted(both.map(fetch, range(2))) == [False, True]
