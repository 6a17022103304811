"""A valid request for every route: what its arguments name, and what is sent.

A request that would be refused for its form would hide whether it is refused for who sends it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from callers import Present, passkey_of
from django.http import HttpResponse
from django.test import Client

from safelight.server.ids import new_id, now
from safelight.server.intake.models import Surface
from safelight.server.people.models import Invitation, Person, Proposal


@dataclass
class World:
    """What there is to ask for. ``own`` belongs to who calls; ``others`` does not."""

    surface: Surface
    someone: Person
    own: dict[str, Any] = field(default_factory=dict)
    others: dict[str, Any] = field(default_factory=dict)


def made_world(someone: Person, caller: Present, surface: Surface) -> World:
    """Everything that a route's arguments may name, by the argument's name."""
    proposal = Proposal.objects.create(
        kind=Proposal.Kind.ROLE_GRANT, subject=new_id(), detail={"role": "reviewer"}, reason="for a test",
        proposed_by=someone, expires_at=now().replace(year=now().year + 1),
    )  # fmt: skip
    invitation = Invitation.objects.create(
        token_digest=b"t" * 32, expires_at=now().replace(year=now().year + 1), invited_by=someone
    )
    common = {
        "person_id": someone.pk,
        "proposal_id": proposal.pk,
        "invitation_id": invitation.pk,
        "token": "no-such-link",
        "provider_id": "none",
    }
    theirs = passkey_of(someone)
    world = World(surface, someone)
    world.own = {**common, "pk": caller.factor.pk if caller.factor else theirs.pk}
    world.others = {**common, "pk": theirs.pk}
    return world


Send = Callable[[Client, str, World], HttpResponse]


def _form(**fields: str) -> Send:
    return lambda client, path, _world: client.post(path, fields)


def _raw(content: bytes) -> Send:
    return lambda client, path, _world: client.post(path, content, content_type="application/octet-stream")


def as_json(method: str, body: Callable[[World], Any] | Any) -> Send:
    """Send a body as JSON."""

    def send(client: Client, path: str, world: World) -> HttpResponse:
        told = body(world) if callable(body) else body
        return client.generic(method, path, json.dumps(told), content_type="application/json")

    return send


SAMPLES: dict[str, Send] = {
    "POST /accounts/people/invite/": _form(email="new@example.org", roles="reviewer", reason="for a test"),
    "POST /accounts/people/{person_id}/": _form(act="end_sessions", reason="for a test"),
    "POST /accounts/proposals/{proposal_id}/": _form(reason="for a test"),
    "POST /api/v1/scan": _raw(b"a file"),
}
"""By rule; the others are sent empty, because nothing of them is looked at before who sends it."""


def send(client: Client, rule: str, path: str, world: World) -> HttpResponse:
    """Call a route as its sample says."""
    sample = SAMPLES.get(rule)
    if sample is not None:
        return sample(client, path, world)
    return client.generic(rule.partition(" ")[0], path)
