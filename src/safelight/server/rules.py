"""Who may call which route: one explicit table a room, so that no route is open because nobody thought of it.

The services decide (:mod:`safelight.server.people.permissions`); these tables say what the decision has to
be, and ``tests/server/access/test_matrix.py`` calls every route as everyone and compares. A route without a
rule fails there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Final

from safelight.server.intake.api_keys import Scope
from safelight.server.intake.models import ApiKey
from safelight.server.people.roles import GRANTS, NEED_SECOND_FACTOR, Permission, Role

ROOMS: Final = (
    "safelight.server.operations.rules",
    "safelight.server.people.rules",
    "safelight.server.console.rules",
    "safelight.server.api.rules",
    "safelight.server.assessment.rules",
    "safelight.server.review.rules",
)
"""Modules with a table ``RULES`` each, from ``"GET /a/path/{argument}"`` to its :class:`Rule`."""

_BOTH: Final = frozenset(ApiKey.Audience)


@dataclass(frozen=True, slots=True)
class Rule:
    """Who is let in. Nobody is, unless a field says so.

    ``any_of`` are permissions of which a person needs one. ``elsewhere`` are those of which they need one
    where the object is not theirs; None where objects are nobody's. ``scope`` and ``audiences`` are for keys;
    ``any_key`` asks for no scope.
    """

    anyone: bool = False
    signed_in: bool = False
    any_of: tuple[Permission, ...] = ()
    elsewhere: tuple[Permission, ...] | None = None
    scope: Scope | None = None
    audiences: frozenset[ApiKey.Audience] = _BOTH
    any_key: bool = False

    def admits_person(self, roles: Collection[Role], *, second_factor: bool, own: bool = True) -> bool:
        """Whether somebody who signed in and holds these roles is let in, to an object of theirs or not."""
        if self.anyone or (self.signed_in and (own or self.elsewhere is None)):
            return True
        needed = self.any_of if own or self.elsewhere is None else self.elsewhere
        granted = frozenset[Permission]().union(*(GRANTS[role] for role in roles))
        return any(
            permission in granted and (second_factor or permission not in NEED_SECOND_FACTOR)
            for permission in needed
        )

    def admits_key(self, scopes: Collection[Scope], audience: ApiKey.Audience) -> bool:
        """Whether a valid key is let in."""
        if self.anyone:
            return True
        return (self.any_key or self.scope in scopes) and audience in self.audiences


ANYONE: Final = Rule(anyone=True)
SIGNED_IN: Final = Rule(signed_in=True)
OWN_ONLY: Final = Rule(signed_in=True, elsewhere=())
"""For what belongs to one person, such as a passkey: to others it does not exist."""


def holding(*any_of: Permission, elsewhere: tuple[Permission, ...] | None = None) -> Rule:
    """A rule for people who hold one of some permissions."""
    return Rule(any_of=any_of, elsewhere=elsewhere)


def rules() -> Mapping[str, Rule]:
    """Every room's rules together. Raises ``ValueError`` for a route that two rooms claim."""
    found: dict[str, Rule] = {}
    for room in ROOMS:
        table: Mapping[str, Rule] = import_module(room).RULES
        if twice := found.keys() & table.keys():
            raise ValueError(f"{room} has rules for routes of another room: {sorted(twice)}")
        found |= table
    return found
