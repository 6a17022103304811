"""What the pages say and keep to themselves, asked as a browser asks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.db import transaction
from django.test import Client

from safelight.server.console.configuration import _shown
from safelight.server.console.words import WORDS, in_words
from safelight.server.ids import now
from safelight.server.intake.models import ApiKey
from safelight.server.ledger.services import Event, record
from safelight.server.people.actors import SystemActor
from safelight.server.people.demo_entrance import demo_entrance
from safelight.server.people.links import new_link
from safelight.server.people.roles import Role
from safelight.server.people.standing import mark_workspace
from safelight.types import Grade, ListClass, MediaKind, Outcome, UnscannedReason

pytestmark = pytest.mark.usefixtures("db")


def signed_in(person: Any) -> Client:
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.mark.parametrize(
    ("what", "kinds"),
    [("outcome", Outcome), ("reason", UnscannedReason), ("class", ListClass), ("kind", MediaKind),
     ("grade", Grade), ("role", Role)],
)  # fmt: skip
def test_every_member_of_a_closed_list_has_words(what: str, kinds: Any) -> None:
    assert {kind.value for kind in kinds} - WORDS[what].keys() == set()


def test_a_value_without_words_is_shown_as_it_is() -> None:
    assert in_words("some_new_reason", "reason") == "some new reason"


def test_a_password_in_an_address_is_not_shown() -> None:
    assert _shown("database_url", "postgresql://me:secret@db.example:5432/safelight") == (
        "postgresql://db.example:5432/safelight"
    )


def test_a_key_is_shown_once(person_with: Callable[..., Any]) -> None:
    client = signed_in(person_with(Role.ADMINISTRATOR))
    client.post("/surfaces/", {"name": "posts", "visibility": "public"})
    made = client.post("/keys/", {"name": "web", "surface": "posts", "audience": "server", "scopes": "scan"})
    [token] = [line for line in made.content.decode().split("<") if "slk_" in line and 'id="token"' in line]
    secret = token.partition(">")[2].strip()
    again = client.get("/keys/").content.decode()
    assert secret not in again
    assert hashlib.sha256(secret.encode()).hexdigest() not in again
    assert secret[:16] in again, "enough to tell it from others"


def test_a_key_may_have_limits_of_its_own(person_with: Callable[..., Any]) -> None:
    client = signed_in(person_with(Role.ADMINISTRATOR))
    client.post("/surfaces/", {"name": "posts", "visibility": "public"})
    key = {"surface": "posts", "audience": "server", "scopes": "scan"}
    client.post("/keys/", {**key, "name": "as configured", "rate_per_minute": "", "daily_budget": ""})
    client.post("/keys/", {**key, "name": "limited", "rate_per_minute": "60", "daily_budget": "0"})
    limits = {made.name: (made.rate_per_minute, made.daily_budget) for made in ApiKey.objects.all()}
    assert limits == {"as configured": (None, None), "limited": (60, 0)}
    page = client.get("/keys/").content.decode()
    assert "60 a minute" in page
    assert "any number a day" in page


def test_the_description_of_the_api_names_what_a_report_holds(person_with: Callable[..., Any]) -> None:
    client = signed_in(person_with())
    assert "/api/v1/reports" in client.get("/api/").content.decode()
    assert "ReportIn" in client.get("/api/openapi.json").json()["components"]["schemas"]


def test_pages_are_never_cached(person_with: Callable[..., Any]) -> None:
    answer = signed_in(person_with(Role.REVIEWER)).get("/cases/")
    assert "no-store" in answer["Cache-Control"]


def test_a_place_that_no_page_gave_begins_again(person_with: Callable[..., Any]) -> None:
    answer = signed_in(person_with(Role.LEAD)).get("/cases/?after=1.2.3")
    assert (answer.status_code, answer["Location"]) == (302, "/cases/")


def test_the_modules_and_the_stylesheet_are_found() -> None:
    for name in ("console.css", "console.js", "times.js", "queue.js", "icon.svg"):
        assert finders.find(f"console/{name}"), name


def test_the_ledger_is_searched_and_paged(
    person_with: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("safelight.server.console.ledger._SHOWN", 2)
    person = person_with(Role.AUDITOR)
    client = signed_in(person)
    with transaction.atomic():
        for _ in range(5):
            record(Event.SIGNED_IN, SystemActor("web"), subject=person.pk)
        record(Event.SIGNED_OUT, SystemActor("web"))
    seen, query = [], ""
    for _ in range(3):
        page = client.get(f"/ledger/?subject={person.pk}&event=session{query}")
        seen += [shown.row.pk for shown in page.context["rows"]]
        query = f"&after={page.context['after']}"
    assert len(set(seen)) == 5
    assert page.context["after"] is None
    assert "This is no id" in client.get("/ledger/?subject=nonsense").content.decode()


class TestDemoEntrance:
    def test_only_a_demo_has_one(self, client: Client, person_with: Callable[..., Any]) -> None:
        mark_workspace(demo=False)
        _, link = new_link(within=timedelta(hours=1), person=person_with(Role.REVIEWER))
        path = f"/accounts/demo/{link.rstrip('/').rpartition('/')[2]}/"
        assert client.get(path).status_code == 404
        assert client.post(path).status_code == 404

    def test_looking_does_not_use_it_up_and_entering_does(
        self, client: Client, person_with: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(f"{demo_entrance.__module__}.is_demo", lambda: True)
        person = person_with(Role.REVIEWER)
        _, link = new_link(within=timedelta(hours=1), person=person)
        path = f"/accounts/demo/{link.rstrip('/').rpartition('/')[2]}/"
        assert client.get(path).status_code == client.get(path).status_code == 200
        assert client.post(path)["Location"] == "/"
        assert client.session["_auth_user_id"] == str(person.pk)
        assert Client().post(path).status_code == 410
        assert now() > person.joined_at
