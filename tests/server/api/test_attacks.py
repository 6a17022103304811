"""What a request may try besides asking: other people's names, other methods, other hosts, other types."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from safelight.server.intake.models import Intake
from safelight.server.ledger.models import LedgerRow
from safelight.server.people.roles import Role
from safelight.server.webhooks.models import Endpoint

pytestmark = pytest.mark.usefixtures("db", "keys", "vault", "scanner")
HOOK = {"url": "https://hooks.example.org/", "kinds": ["case.opened"]}
OURS = {"host": "localhost:8400"}


@pytest.fixture
def signed_in(person_with: Callable[..., Any]) -> Client:
    """An administrator's browser that checks what browsers check."""
    from callers import Caller, Present, passkey_of

    person = person_with(Role.ADMINISTRATOR, Role.REVIEWER)
    who = Present(Caller("administrator", roles=(), second_factor=True), person, factor=passkey_of(person))
    browser = Client(enforce_csrf_checks=True, headers=OURS)
    browser.cookies = who.client().cookies
    return browser


@pytest.fixture
def token(sender: Callable[..., Any]) -> str:
    secret = secrets.token_urlsafe(32)
    key = sender(audience="server").key
    key.secret_digest = hashlib.sha256(secret.encode()).digest()
    key.save()
    return f"slk_{key.prefix}_{secret}"


def post(client: Client, path: str, told: Any = HOOK, **headers: str) -> Any:
    return client.post(f"/api/v1{path}", told, content_type="application/json", headers=headers)


def test_another_page_cannot_act_in_a_persons_name(signed_in: Client) -> None:
    """CSRF: a session alone changes nothing; with the token of our own pages it does."""
    assert post(signed_in, "/webhooks").status_code == 403
    page = signed_in.get("/accounts/password/change/").content.decode()
    token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    assert post(signed_in, "/webhooks", **{"X-CSRFToken": "x" * 64}).status_code == 403
    evil = {"X-CSRFToken": token, "Origin": "https://evil.example"}
    assert post(signed_in, "/webhooks", **evil).status_code == 403
    assert not Endpoint.objects.exists()
    ours = {"X-CSRFToken": token, "Origin": "http://localhost:8400"}
    assert post(signed_in, "/webhooks", **ours).status_code == 201


def test_a_key_beside_a_session_is_looked_at_alone(signed_in: Client, token: str) -> None:
    """Neither lends the other what it may."""
    browser = Client(headers={**OURS, "Authorization": f"Bearer {token}"})
    browser.cookies = signed_in.cookies
    assert browser.get("/api/v1/cases").status_code == 200
    assert "submissions" not in browser.get("/api/v1/cases").content.decode()
    forged = Client(headers={**OURS, "Authorization": f"Bearer {token}x"})
    forged.cookies = signed_in.cookies
    assert forged.get("/api/v1/cases").status_code == 401


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_a_header_changes_no_method(header: str, signed_in: Client, token: str) -> None:
    endpoint = Endpoint.objects.create(
        url="https://a.example/", secret=b"s", created_by_id=signed_in.session["_auth_user_id"]
    )
    path = f"/api/v1/webhooks/{endpoint.pk}"
    answer = signed_in.post(f"{path}?_method=DELETE", {"_method": "DELETE"}, headers={header: "DELETE"})
    assert answer.status_code in (403, 405)
    answer = signed_in.get(path, headers={header: "DELETE"})
    assert answer.status_code in (403, 404, 405)
    assert Endpoint.objects.get().retired_at is None


def test_a_session_given_by_another_is_not_taken_over(person_with: Callable[..., Any]) -> None:
    """Fixation: whoever planted a session's cookie does not share what is signed in to afterwards."""
    from django.core.cache import cache

    cache.clear()
    person = person_with(Role.REVIEWER)
    victim = Client(headers=OURS)
    planted = "a" * 32
    victim.cookies[settings.SESSION_COOKIE_NAME] = planted
    victim.post("/accounts/login/", {"login": person.email, "password": "correct horse battery"})
    given = victim.cookies[settings.SESSION_COOKIE_NAME].value
    assert given != planted
    attacker = Client(headers=OURS)
    attacker.cookies[settings.SESSION_COOKIE_NAME] = planted
    assert attacker.get("/accounts/").status_code == 302
    anonymous = Client(headers=OURS)
    session = anonymous.session
    session["planted"] = True
    session.save()
    before = session.session_key
    anonymous.cookies[settings.SESSION_COOKIE_NAME] = before
    anonymous.post("/accounts/login/", {"login": person.email, "password": "correct horse battery"})
    assert anonymous.cookies[settings.SESSION_COOKIE_NAME].value != before


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1", "localhost:9", "", "a b"]
)
def test_another_host_gets_no_answer(host: str, token: str) -> None:
    from safelight.server.operations.hosts import only_our_host

    def reached(_environ: Any, _start: Any) -> Any:
        raise AssertionError("reached the application")

    told: list[str] = []
    application = only_our_host(reached, settings.CONFIG)
    application({"HTTP_HOST": host}, lambda status, _headers: told.append(status))
    assert told == ["421 Misdirected Request"]
    if host.startswith(("evil", "localhost.evil")):
        inner = Client(headers={"host": host, "Authorization": f"Bearer {token}"})
        assert inner.get("/api/v1/cases").status_code == 400


@pytest.mark.parametrize("field", ["Idempotency-Key", "Safelight-Context"])
def test_what_a_header_says_is_never_a_header_of_the_answer(field: str, token: str) -> None:
    client = Client(headers={**OURS, "Authorization": f"Bearer {token}"})
    told = "x\r\nSet-Cookie: planted=1"
    answer = client.post(
        "/api/v1/scan", b"a file", content_type="application/octet-stream", headers={field: told}
    )
    assert answer.status_code == 422
    assert "Set-Cookie" not in answer.headers
    assert not Intake.objects.exists()


def test_a_place_to_go_on_to_is_never_elsewhere(person_with: Callable[..., Any]) -> None:
    from django.core.cache import cache

    cache.clear()
    person = person_with()
    for onward in ("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"):
        browser = Client(headers=OURS)
        told = {"login": person.email, "password": "correct horse battery", "next": onward}
        answer = browser.post("/accounts/login/", told)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/")


@pytest.mark.parametrize("size", [9_000, 100_000])
def test_headers_beyond_reason_are_refused(size: int, token: str) -> None:
    client = Client(headers={**OURS, "Authorization": f"Bearer {token}"})
    for headers in (
        {"Idempotency-Key": "x" * size},
        {"Safelight-Context": '{"account": "' + "x" * size + '"}'},
    ):
        answer = client.post(
            "/api/v1/scan", b"a file", content_type="application/octet-stream", headers=headers
        )
        assert answer.status_code == 422
        assert b"xxxx" not in answer.content
    other = Client(headers={**OURS, "Authorization": "Bearer " + "x" * size})
    assert other.get("/api/v1/cases").status_code == 401


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/html", ""],
)
def test_a_form_of_another_page_is_no_json(kind: str, signed_in: Client, token: str) -> None:
    """A browser sends these across sites without asking; none is taken for JSON that a person meant."""
    before = LedgerRow.objects.count()
    body = b'{"url": "https://hooks.example.org/", "kinds": ["case.opened"]}'
    assert signed_in.post("/api/v1/webhooks", body, content_type=kind).status_code == 403
    assert LedgerRow.objects.count() == before


def test_json_that_confuses_is_refused(token: str) -> None:
    client = Client(headers={**OURS, "Authorization": f"Bearer {token}"})
    for body in (
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b'{"submission": 1e999}',
        b"\xff\xfe{}",
        b"[" * 10_000,
    ):
        answer = client.post("/api/v1/complaints", body, content_type="application/json")
        assert answer.status_code in (400, 422), body[:20]
        assert answer["Content-Type"] == "application/problem+json"
    polluted = {
        "submission": "0196a0de-0000-7000-8000-000000000000",
        "text": "x",
        "key": "another",
        "__proto__": {},
    }
    assert post(client, "/complaints", polluted).status_code == 422


def test_answers_are_not_kept_and_not_framed(signed_in: Client, token: str) -> None:
    client = Client(headers={**OURS, "Authorization": f"Bearer {token}"})
    for answer in (client.get("/api/v1/cases"), signed_in.get("/api/v1/webhooks")):
        assert answer.status_code == 200
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "no-store" in answer.headers.get("Cache-Control", "")
