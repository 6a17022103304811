"""Signing in, as a browser would: pages, forms, cookies, factors, and what the ledger hears of it."""

from __future__ import annotations

import re
import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.test import Client
from django.urls import get_resolver

from safelight.server.ledger.models import LedgerRow
from safelight.server.people.adapters import FactorAdapter
from safelight.server.people.invitations import first_run_invitation
from safelight.server.people.models import Person
from safelight.server.people.standing import mark_workspace

pytestmark = pytest.mark.django_db
EMAIL, PASSWORD = "first@example.org", "a long enough sentence"


@pytest.fixture(autouse=True)
def _no_attempts_yet() -> None:
    cache.clear()


@pytest.fixture
def browser() -> Client:
    return Client(enforce_csrf_checks=True, headers={"host": "localhost:8400"})


def post(browser: Client, page: str, to: str | None = None, **fields: str):
    """Load a page and send its form, token and all."""
    content = browser.get(page).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', content)
    assert token, f"{page} has no form"
    fields |= {"csrfmiddlewaretoken": token[1]}
    return browser.post(to or page, fields, headers={"origin": "http://localhost:8400"})


@pytest.fixture
def demo(request: pytest.FixtureRequest) -> bool:
    """Whether the workspace is a demo; it has to be one before anybody joins."""
    wanted = getattr(request, "param", False)
    mark_workspace(demo=wanted)
    return wanted


@pytest.fixture
def person(demo: bool, browser: Client) -> Person:
    path = first_run_invitation().removeprefix("http://localhost:8400")
    joined = post(browser, path, email=EMAIL, name="First", password=PASSWORD, password_again=PASSWORD)
    assert joined.status_code == 302, joined.content.decode()
    return Person.objects.get()


def sign_in(browser: Client, password: str = PASSWORD):
    return post(browser, "/accounts/login/", login=EMAIL, password=password)


def code_of(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def add_app(browser: Client) -> str:
    """Set up an authenticator app; its secret."""
    post(browser, "/accounts/reauthenticate/", password=PASSWORD)
    page = browser.get("/accounts/factors/totp/activate/").content.decode()
    secret = re.search(r'id="authenticator_secret">(\w+)<', page)[1]
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]
    added = browser.post(
        "/accounts/factors/totp/activate/",
        {"code": code_of(secret), "csrfmiddlewaretoken": token},
        headers={"origin": "http://localhost:8400"},
    )
    assert added.status_code == 302, added.content.decode()
    return secret


def signed_in(browser: Client) -> bool:
    return browser.get("/accounts/").status_code == 200


def events() -> list[str]:
    return list(LedgerRow.objects.order_by("at", "id").values_list("event", flat=True))


def test_from_the_first_link_to_a_session_with_a_factor(person: Person, browser: Client) -> None:
    landed = sign_in(browser)
    assert landed.headers["location"] == "/accounts/factors/", "first of all, add a factor"
    secret = add_app(browser)
    page = browser.get("/accounts/").content.decode()
    assert "not used in this session" in page, "adding a factor does not yet prove it in a sign-in"

    post(browser, "/accounts/logout/")
    cache.clear()
    assert sign_in(browser).headers["location"] == "/accounts/factors/authenticate/"
    assert not signed_in(browser), "the password alone opens nothing"
    done = post(browser, "/accounts/factors/authenticate/", code=code_of(secret))
    assert done.status_code == 302
    assert "used in this session" in browser.get("/accounts/").content.decode()
    assert events() == [
        "workspace.marked", "invitation.made", "person.joined", "role.granted", "session.signed_in",
        "factor.added", "factor.added", "session.signed_out", "session.signed_in",
    ]  # fmt: skip


def test_the_secrets_of_factors_are_sealed_in_the_database(person: Person, browser: Client) -> None:
    sign_in(browser)
    secret = add_app(browser)
    app, codes = Authenticator.objects.order_by("type").values_list("data", flat=True)[::-1]
    assert secret not in str(app)
    assert FactorAdapter().decrypt(app["secret"]) == secret
    assert FactorAdapter().decrypt(codes["seed"])


def test_a_recovery_code_serves_once_instead_of_the_factor(person: Person, browser: Client) -> None:
    sign_in(browser)
    add_app(browser)
    codes = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()
    for expected in (True, False):
        browser.cookies.clear()
        sign_in(browser)
        post(browser, "/accounts/factors/authenticate/", code=codes[0])
        assert signed_in(browser) == expected


def test_a_password_does_not_suffice_to_change_factors_once_there_is_one(
    person: Person, browser: Client
) -> None:
    sign_in(browser)
    add_app(browser)
    session = browser.session
    for record in session["account_authentication_methods"]:
        record["at"] -= 3600
    session.save()
    page = browser.get("/accounts/factors/totp/deactivate/", follow=True)
    assert page.redirect_chain[-1][0].startswith("/accounts/factors/reauthenticate/")
    post(browser, "/accounts/sessions/", "/accounts/reauthenticate/", password=PASSWORD)
    assert browser.get("/accounts/factors/totp/deactivate/").status_code == 302


def test_a_wrong_password_is_refused_and_on_record(person: Person, browser: Client) -> None:
    assert sign_in(browser, "not the password at all").status_code == 200
    assert not signed_in(browser)
    assert events()[-1] == "session.sign_in_failed"


def test_guessing_is_slowed_down_for_the_right_password_too(person: Person, browser: Client) -> None:
    for _ in range(5):
        sign_in(browser, "not the password at all")
    sign_in(browser)
    assert not signed_in(browser)


def test_guessing_codes_is_slowed_down(person: Person, browser: Client) -> None:
    sign_in(browser)
    secret = add_app(browser)
    browser.cookies.clear()
    cache.clear()
    sign_in(browser)
    for _ in range(5):
        post(browser, "/accounts/factors/authenticate/", code="000000")
    post(browser, "/accounts/factors/authenticate/", code=code_of(secret))
    assert not signed_in(browser)
    assert events().count("session.sign_in_failed") == 5


def test_the_session_key_changes_at_sign_in(person: Person, browser: Client) -> None:
    session = browser.session
    session["planted"] = True
    session.save()
    planted = session.session_key
    browser.cookies["sessionid"] = planted
    sign_in(browser)
    assert signed_in(browser)
    assert browser.cookies["sessionid"].value != planted
    stale = Client(headers={"host": "localhost:8400"})
    stale.cookies["sessionid"] = planted
    assert not signed_in(stale)


def test_cookies_are_strict(person: Person, browser: Client) -> None:
    sign_in(browser)
    for name in ("sessionid", "csrftoken"):
        cookie = browser.cookies[name]
        assert cookie["samesite"] == "Strict", name
        assert cookie["httponly"], name


def test_a_form_without_its_token_is_refused(person: Person, browser: Client) -> None:
    assert browser.post("/accounts/login/", {"login": EMAIL, "password": PASSWORD}).status_code == 403


def test_other_sessions_can_be_ended_at_once(person: Person, browser: Client) -> None:
    other = Client(headers={"host": "localhost:8400", "user-agent": "another browser"})
    sign_in(browser)
    sign_in(other)
    page = browser.get("/accounts/sessions/").content.decode()
    assert "another browser" in page
    post(browser, "/accounts/sessions/")
    assert signed_in(browser)
    assert not signed_in(other)


def test_changing_the_password_ends_other_sessions(person: Person, browser: Client) -> None:
    other = Client(headers={"host": "localhost:8400"})
    sign_in(browser)
    sign_in(other)
    new = "another long sentence"
    page = "/accounts/password/change/"
    post(browser, page, oldpassword=PASSWORD, password1=new, password2=new)
    assert signed_in(browser)
    assert not signed_in(other)
    assert events()[-1] == "password.changed"


@pytest.mark.parametrize(
    "path",
    ["/accounts/signup/", "/accounts/password/reset/", "/accounts/email/", "/accounts/3rdparty/signup/"],
)
def test_nobody_signs_up_or_resets_by_mail(path: str, browser: Client) -> None:
    assert browser.get(path).status_code == 404


def test_only_localhost_is_answered(browser: Client) -> None:
    assert browser.get("/accounts/login/", headers={"host": "evil.example"}).status_code == 400


def test_a_used_link_says_so(person: Person, browser: Client) -> None:
    page = browser.get("/accounts/join/" + "x" * 43 + "/")
    assert page.status_code == 410
    assert "Ask for a new one" in page.content.decode()


def plain_pages() -> list[str]:
    """Every page for people that has no parameters; what machines read has none of their promises."""
    patterns = get_resolver().reverse_dict.getlist
    names = [name for name in get_resolver().reverse_dict if isinstance(name, str)]
    paths = {"/" + patterns(name)[0][0][0][0] for name in names if not patterns(name)[0][0][0][1]}
    return sorted(paths - {"/healthz", "/readyz", "/metrics"})


@pytest.mark.parametrize(("demo", "alone"), [(False, False), (False, True), (True, False)], indirect=["demo"])
def test_every_page_obeys_the_policy_and_says_what_this_workspace_is(
    demo: bool, alone: bool, person: Person, browser: Client, workspace_setting
) -> None:
    workspace_setting(single_operator=alone)
    strangers = Client(headers={"host": "localhost:8400"})
    sign_in(browser)
    add_app(browser)
    seen = 0
    for visitor in (strangers, browser):
        for path in plain_pages():
            page = visitor.get(path)
            if page.status_code != 200 or "html" not in page.headers["content-type"]:
                continue
            seen += 1
            content = page.content.decode()
            policy = page.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", content), path
            for script in re.findall(r"<script[^>]*>", content):
                assert "src=" in script or "application/json" in script, path
            assert ("Single-operator mode" in content) == alone, path
            assert ("Demo workspace" in content) == demo, path
            assert "<h1" in content, path
            assert '<html lang="en">' in content, path
    assert seen >= 10


@pytest.mark.parametrize("demo", [True], indirect=True)
def test_a_demo_leads_nobody_to_a_factor(person: Person, browser: Client) -> None:
    assert sign_in(browser).headers["location"] == "/"
