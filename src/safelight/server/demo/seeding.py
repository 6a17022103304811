"""Fills a new demo workspace through the same services that a real one is filled by.

Nobody here exists, and every picture is benign; the workspace's mark says so on every page, for good.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.urls import reverse

from safelight.errors import UsageError
from safelight.server.cases.handling import comment, take
from safelight.server.cases.models import Case
from safelight.server.cases.queue import ORDER
from safelight.server.ids import now
from safelight.server.intake.api_keys import make_key
from safelight.server.intake.models import ApiKey, Surface
from safelight.server.intake.surfaces import declare_basis, declare_surface
from safelight.server.lists.services import add_entries, make_list
from safelight.server.people.actors import PersonActor
from safelight.server.people.directory import pending
from safelight.server.people.grants import propose_role
from safelight.server.people.invitations import invite, join, terminal_invitation
from safelight.server.people.links import new_link
from safelight.server.people.models import Person
from safelight.server.people.proposals import approve
from safelight.server.people.roles import Role
from safelight.server.people.standing import is_demo
from safelight.types import ListClass, ListEntry, Signal

_WHY: Final = "For the demonstration."
_OPEN_FOR: Final = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Entrance:
    """A link by which somebody made up can be signed in as, once."""

    name: str
    roles: tuple[str, ...]
    link: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Seeded:
    """What the demonstration goes on with: tokens of keys by surface, and ways in."""

    uploads: str = field(repr=False)
    messages: str = field(repr=False)
    entrances: tuple[Entrance, ...]


def seed() -> Seeded:
    """Make people, surfaces and keys. Raises :class:`~safelight.errors.UsageError` where this is no demo."""
    if not is_demo():
        raise UsageError("This workspace was not made as a demo; nothing was put into it.")
    sam, alex = _from_terminal("Sam Okafor"), _from_terminal("Alex Lindqvist")
    robin = _invited(sam, "Robin Castell", frozenset({Role.ADMINISTRATOR, Role.LIST_MANAGER}))
    _approve_all(alex)
    for role in (Role.LEAD, Role.LIST_MANAGER, Role.SENIOR_REVIEWER, Role.REPORTER):
        propose_role(alex, sam.person, role, _WHY)
    _approve_all(robin)
    for role in (Role.AUDITOR, Role.REVIEWER, Role.LIST_MANAGER):
        propose_role(sam, alex.person, role, _WHY)
    _approve_all(robin)
    _invited(sam, "Mika Tanabe", frozenset({Role.REVIEWER}))
    _approve_all(alex)
    # One proposal stays open, so that there is something to decide.
    mika = Person.objects.get(name="Mika Tanabe")
    propose_role(sam, mika, Role.REPORTER, "Mika takes over the reports from next month on.")
    _lists(sam)
    uploads, messages = _surfaces(sam)
    entrances = (
        _entrance(
            sam.person, Role.LEAD, Role.SENIOR_REVIEWER, Role.REPORTER, Role.LIST_MANAGER, Role.ADMINISTRATOR
        ),
        _entrance(alex.person, Role.AUDITOR, Role.REVIEWER, Role.LIST_MANAGER, Role.ADMINISTRATOR),
    )
    return Seeded(uploads, messages, entrances)


def begin_work() -> None:
    """Somebody has taken the least urgent case already, and left a note. For after cases have been opened."""
    mika = _acting(Person.objects.get(email=_address("Mika Tanabe")))
    case = Case.objects.filter(state=Case.State.OPEN).order_by(*ORDER).last()
    if case is not None:
        take(mika, case)
        comment(mika, case, "The same account posted this last week. I look at both together.")


def _lists(actor: PersonActor) -> None:
    """A partner's list on trial: in shadow, and with an entry that awaits a second person."""
    make_list(actor, "partner-on-trial", ListClass.TEST, shadow=True, own=True, source="a partner, on trial")
    drawn = hashlib.sha256(b"a benign drawing that nobody made").hexdigest()
    entry = ListEntry("partner-on-trial", "drawing-1", Signal("sha256", drawn))
    reviewed = now() + timedelta(days=180)
    add_entries(actor, entry.list, [entry], reason="Our partner found it first.", review_at=reviewed)


def _surfaces(actor: PersonActor) -> tuple[str, str]:
    declare_surface(actor, "uploads", Surface.Visibility.PUBLIC, "Pictures that people post")
    private = declare_surface(actor, "messages", Surface.Visibility.PRIVATE, "Between two people")
    declare_basis(actor, private, "*", permitted=True, basis="Demonstration: our own benign pictures")
    audience = ApiKey.Audience.SERVER
    uploads = make_key(actor, "upload service", "uploads", audience=audience)
    messages = make_key(actor, "message service", "messages", audience=audience)
    return uploads.token, messages.token


def _acting(person: Person) -> PersonActor:
    return PersonActor(person, "", second_factor=False)


def _address(name: str) -> str:
    return f"{name.split(maxsplit=1)[0].lower()}@example.org"


def _joined(link: str, name: str) -> PersonActor:
    token = link.rstrip("/").rpartition("/")[2]
    return _acting(join(token, email=_address(name), name=name, password=secrets.token_urlsafe(24)))


def _from_terminal(name: str) -> PersonActor:
    return _joined(terminal_invitation(), name)


def _invited(inviter: PersonActor, name: str, roles: frozenset[Role]) -> PersonActor:
    return _joined(invite(inviter, _address(name), roles, _WHY), name)


def _approve_all(actor: PersonActor) -> None:
    for proposal in pending(actor):
        if not proposal.concerns_reader:
            approve(actor, proposal.id)


def _entrance(person: Person, *roles: Role) -> Entrance:
    _invitation, link = new_link(within=_OPEN_FOR, person=person)
    token = link.rstrip("/").rpartition("/")[2]
    address = settings.CONFIG.public_url + reverse("people_demo", args=[token])
    return Entrance(str(person), tuple(role.value.replace("_", " ") for role in roles), address)
