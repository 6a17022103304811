"""Sign-in by an identity provider: for people who were invited, and for nobody else."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.core.cache import cache
from django.test import Client
from identity_provider import CLIENT_ID, CLIENT_SECRET, IdentityProvider, identity_provider
from pydantic import SecretStr, ValidationError

from safelight.server.config import Oidc, load
from safelight.server.ledger.models import LedgerRow
from safelight.server.people.credentials import suspend
from safelight.server.people.identity_provider import provider_settings
from safelight.server.people.invitations import invite
from safelight.server.people.models import Person, Proposal
from safelight.server.people.roles import Role

pytestmark = pytest.mark.django_db
START = "/accounts/oidc/main/login/"


@pytest.fixture
def provider(settings, workspace_setting) -> Iterator[IdentityProvider]:
    cache.clear()
    with identity_provider() as running:
        oidc = Oidc(issuer=running.issuer, client_id=CLIENT_ID, client_secret=SecretStr(CLIENT_SECRET))
        workspace_setting(oidc=oidc)
        settings.SOCIALACCOUNT_PROVIDERS = provider_settings(oidc)
        yield running


@pytest.fixture
def browser() -> Client:
    return Client(headers={"host": "localhost:8400"})


def onward(page) -> str:
    """Where a page of ours leads on to."""
    assert page.status_code == 200, page.headers
    return html.unescape(re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', page.content.decode())[1])


def to_and_fro(browser: Client, **started: str):
    """Press the button, let the provider send the browser back; the page it lands on."""
    there = urlsplit(onward(browser.post(START, started)))
    connection = HTTPConnection(there.netloc)
    connection.request("GET", f"{there.path}?{there.query}")
    back = connection.getresponse().headers["Location"]
    connection.close()
    assert back.startswith("http://localhost:8400/accounts/oidc/main/callback/?")
    return browser.get(back.removeprefix("http://localhost:8400"))


def claims(email: str, *, verified: object = True, sub: str = "1") -> dict[str, object]:
    return {"sub": sub, "email": email, "email_verified": verified, "name": "Somebody"}


def signed_in(browser: Client) -> bool:
    return browser.get("/accounts/").status_code == 200


def test_a_stranger_is_turned_away(provider, browser) -> None:
    provider.claims = claims("stranger@example.org")
    assert to_and_fro(browser).status_code == 403
    assert not Person.objects.exists()
    assert not signed_in(browser)


def test_an_invited_address_joins_without_any_role(provider, browser, actor_with) -> None:
    invite(actor_with(Role.ADMINISTRATOR), "new@example.org", frozenset({Role.REVIEWER}), "joins the team")
    provider.claims = claims("New@example.org")
    assert to_and_fro(browser).status_code == 302
    assert signed_in(browser)
    person = Person.objects.get(email="new@example.org")
    assert person.name == "Somebody"
    assert not person.has_usable_password()
    assert not person.grants.exists()
    assert Proposal.objects.filter(subject=person.pk, state="open").count() == 1
    events = list(LedgerRow.objects.order_by("at", "id").values_list("event", flat=True))
    assert events[-4:] == ["person.joined", "proposal.made", "person.identity_linked", "session.signed_in"]


def test_somebody_who_joined_is_linked_and_asked_for_the_factor(provider, browser, person_with) -> None:
    person = person_with(Role.REVIEWER)
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": "x"})
    provider.claims = claims(person.email)
    assert to_and_fro(browser).headers["location"] == "/accounts/factors/authenticate/"
    assert not signed_in(browser)
    assert SocialAccount.objects.get().user == person
    person.refresh_from_db()
    assert person.check_password("correct horse battery"), "linking takes nothing away"


def test_after_linking_it_is_the_identity_that_counts_not_the_address(provider, browser, person_with) -> None:
    person = person_with()
    provider.claims = claims(person.email)
    to_and_fro(browser)
    browser.logout()
    provider.claims = claims("renamed@example.org")
    to_and_fro(browser)
    assert signed_in(browser)


@pytest.mark.parametrize("verified", [False, "false", "true", None])
def test_an_address_that_is_not_vouched_for_does_not_count(verified, provider, browser, person_with) -> None:
    provider.claims = claims(person_with().email, verified=verified)
    assert to_and_fro(browser).status_code == 403
    assert not SocialAccount.objects.exists()


def test_unless_the_operator_trusts_the_provider(
    provider, browser, person_with, workspace_setting, settings
) -> None:
    workspace_setting(oidc=settings.CONFIG.oidc.model_copy(update={"trust_email": True}))
    provider.claims = claims(person_with().email, verified=None)
    to_and_fro(browser)
    assert signed_in(browser)


def test_a_suspended_person_stays_out(provider, browser, person_with, actor_with) -> None:
    person = person_with(Role.REVIEWER)
    provider.claims = claims(person.email)
    to_and_fro(browser)
    suspend(actor_with(Role.ADMINISTRATOR), person, "left the team")
    assert not signed_in(browser)
    assert to_and_fro(browser).status_code == 403


def test_nobody_links_another_persons_identity_to_themselves(provider, browser, person_with) -> None:
    attacker, victim = person_with(), person_with(Role.REVIEWER)
    browser.force_login(attacker)
    provider.claims = claims(victim.email)
    assert to_and_fro(browser, process="connect").status_code == 403
    assert not SocialAccount.objects.exists()


def test_a_code_without_its_session_opens_nothing(provider, browser, person_with) -> None:
    """The answer arrives from another site, without our strict cookies: a page of ours fetches it anew."""
    provider.claims = claims(person_with().email)
    there = urlsplit(onward(browser.post(START)))
    back = urlsplit(
        provider.authorize(
            dict(part.split("=") for part in there.query.split("&"))
            | {"redirect_uri": "http://localhost:8400/accounts/oidc/main/callback/"}
        )
    )
    stranger = Client(headers={"host": "localhost:8400"})
    again = onward(stranger.get(f"{back.path}?{back.query}"))
    assert again.startswith("/accounts/oidc/main/callback/")
    assert not signed_in(stranger)
    stranger.get(again)
    assert not signed_in(stranger)
    browser.get(again)
    assert signed_in(browser)


def test_the_sign_in_page_names_the_provider_only_if_there_is_one(provider, browser, settings) -> None:
    assert "Sign in with single sign-on" in browser.get("/accounts/login/").content.decode()
    settings.SOCIALACCOUNT_PROVIDERS = provider_settings(None)
    assert "single sign-on" not in browser.get("/accounts/login/").content.decode()
    assert browser.post(START).status_code == 404


@pytest.mark.parametrize("issuer", ["http://idp.example.org", "ftp://localhost", "idp.example.org"])
def test_a_provider_in_the_clear_is_refused(issuer: str) -> None:
    with pytest.raises(ValidationError, match="https"):
        Oidc(issuer=issuer, client_id="x", client_secret=SecretStr("y"))


def test_the_secret_may_come_from_the_environment(tmp_path, monkeypatch) -> None:
    (tmp_path / "server.toml").write_text(
        '[oidc]\nissuer = "https://id.example.org/"\nclient_id = "safelight"\n'
    )
    monkeypatch.setenv("SAFELIGHT_OIDC__CLIENT_SECRET", "kept out of files")
    oidc = load(tmp_path).oidc
    assert oidc is not None
    app = provider_settings(oidc)["openid_connect"]["APPS"][0]
    assert app["secret"] == "kept out of files"
    assert app["settings"]["server_url"] == "https://id.example.org"
    assert "kept out of files" not in repr(load(tmp_path))
