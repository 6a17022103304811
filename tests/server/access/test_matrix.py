"""Every route, everyone, what is theirs and what is not: the answer is what the route's rule says.

The routes are read from the URL map. One without a rule fails, and so does a rule without a route.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pytest
from access_samples import made_world, send
from callers import Caller, Present, everyone, present
from django.core.cache import cache
from django.db import transaction
from django.http import HttpResponse
from routes import METHODS, all_routes

from safelight.server.intake.models import Surface
from safelight.server.ledger.models import LedgerRow
from safelight.server.people.roles import Role
from safelight.server.rules import rules

pytestmark = pytest.mark.usefixtures("db", "keys", "vault", "scanner", "run_directory")
TO_SIGN_IN = "/accounts/login/?next="
SAYS_401_TO_ALL = {"GET /accounts/oidc/error/"}
"""Its page says that signing in failed."""


def let_in(answer: HttpResponse) -> bool:
    """Whether the answer is for somebody who may be here. A page that asks to sign in goes on after."""
    if answer.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return False
    return not (answer.status_code == HTTPStatus.FOUND and answer["Location"].startswith(TO_SIGN_IN))


def unknown_to(answer: HttpResponse) -> bool:
    """What is not theirs may also be answered as if it were not there."""
    return answer.status_code == HTTPStatus.NOT_FOUND


def test_every_route_has_a_rule() -> None:
    ruled: dict[str, set[str]] = {}
    for rule in rules():
        method, _, path = rule.partition(" ")
        ruled.setdefault(path, set()).add(method)
    for route in all_routes():
        assert route.path in ruled, f"{route.path} has no rule: name who may call it in its room's rules.py"
        if route.methods is not None:
            assert set(route.methods) == ruled[route.path], route.path


def test_every_rule_has_a_route() -> None:
    there = {route.path for route in all_routes()}
    assert {rule for rule in rules() if rule.partition(" ")[2] not in there} == set()


@pytest.mark.parametrize("caller", list(everyone()), ids=lambda caller: caller.name)
def test_everyone_is_let_in_where_the_rule_says_and_nowhere_else(
    caller: Caller, person_with: Callable[..., Any]
) -> None:
    surface = Surface.objects.create(name="posts", visibility="public")
    who = present(caller, person_with, surface)
    world = made_world(person_with(), who, surface)
    wrong = []
    for name, rule in rules().items():
        for own in (True, False) if rule.elsewhere is not None else (True,):
            answer = called(who, name, world.own if own else world.others)
            seen = (let_in(answer) or name in SAYS_401_TO_ALL) and (own or not unknown_to(answer))
            if seen != caller.expected(rule, own=own) or answer.status_code == 500:
                leads = answer.headers.get("Location", "")
                wrong.append(f"{name}, own={own}: {answer.status_code} {leads}{answer.content[:90]!r}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("method", METHODS)
def test_a_method_without_a_rule_changes_nothing_for_whoever_may_most(
    method: str, person_with: Callable[..., Any]
) -> None:
    """A library's view may answer such a method as it answers GET. Every change writes a ledger row."""
    surface = Surface.objects.create(name="posts", visibility="public")
    who = present(
        Caller("everything", roles=(Role.ADMINISTRATOR, Role.LEAD), second_factor=True), person_with, surface
    )
    world = made_world(person_with(), who, surface)
    wrong = []
    for route in all_routes():
        name = f"{method} {route.path}"
        if name not in rules():
            client = who.client()
            with transaction.atomic():
                before = LedgerRow.objects.count()
                answer = send(client, name, filled(route.path, world.own), world.own)
                if answer.status_code >= 500 or LedgerRow.objects.count() != before:
                    wrong.append(f"{name}: {answer.status_code}")
                transaction.set_rollback(True)
    assert not wrong, "\n".join(wrong)


def called(who: Present, name: str, named: dict[str, Any]) -> HttpResponse:
    """The answer; whatever the call did is undone."""
    cache.clear()
    client = who.client()
    with transaction.atomic():
        answer = send(client, name, filled(name.partition(" ")[2], named), named)
        transaction.set_rollback(True)
    return answer


def filled(path: str, named: dict[str, Any]) -> str:
    return re.sub(r"{(\w+)}", lambda argument: str(named[argument[1]]), path)
