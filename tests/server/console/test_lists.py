"""How a list is searched is set on its page, for videos too."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from list_fixtures import store

from safelight.server.ids import now
from safelight.server.lists.services import make_list, waiting_batches
from safelight.server.people.actors import PersonActor
from safelight.server.people.roles import Role
from safelight.types import ListClass

__all__ = ["store"]
pytestmark = pytest.mark.usefixtures("db", "keys", "vault", "scanner", "store")


def test_how_much_of_a_video_makes_a_match(browser_of: Callable[..., Any], actor_with: Any) -> None:
    manager: PersonActor = actor_with(Role.LIST_MANAGER)
    client, _ = browser_of(Role.LIST_MANAGER)
    new = {"name": "shots", "list_class": "test", "distance": 31, "query_percent": 70, "listed_percent": 50}
    assert client.post("/lists/new/", new).status_code == 302
    assert "70 % of their frames" in client.get("/lists/named/shots/").content.decode()
    make_list(manager, "films", ListClass.TEST)
    page = "/lists/named/films/"
    said = {"distance": 31, "enabled": "on", "expected_hours": 0, "reason": "as the source advises"}
    assert "80 % of the listed ones" in client.get(page).content.decode()
    told = {**said, "query_percent": 60, "listed_percent": 40}
    assert client.post(f"{page}settings/", told).status_code == 302
    shown = client.get(page).content.decode()
    assert "60 % of their frames, or 40 % of the listed ones" in shown
    for wrong in ({"query_percent": 0}, {"listed_percent": 101}):
        assert client.post(f"{page}settings/", {**told, **wrong}).status_code == 400


def test_videos_sounds_and_models_are_proposed_as_lines_of_the_hash_command(
    browser_of: Callable[..., Any], actor_with: Any
) -> None:
    manager: PersonActor = actor_with(Role.LIST_MANAGER)
    client, _ = browser_of(Role.LIST_MANAGER)
    make_list(manager, "ours", ListClass.TEST, own=True)
    look, other = (hashlib.sha256(bytes([n])).hexdigest() for n in (1, 2))
    lines = [
        f'vpdq ["{look},100,0.0", "{other},100,1.0"]',
        f"chromaprint {hashlib.shake_128(b'a sound').hexdigest(4 * 40)}",
        f"tsid {look}",
    ]
    said = {"reason": "seen twice", "review_at": (now() + timedelta(days=30)).date().isoformat()}
    page = "/lists/named/ours/"
    assert client.post(f"{page}entries/", {**said, "entries": "\n".join(lines)}).status_code == 302
    (batch,) = waiting_batches(manager, "ours")
    assert batch.entries == 4
    bad = client.post(f"{page}entries/", {**said, "entries": f'vpdq ["{look},5,0.0"]'})
    assert bad.status_code == 400
    assert look not in bad.content.decode().split("<textarea")[0]
