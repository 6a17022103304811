"""The page of people: two administrators let a third person in, as they would in their browsers."""

from __future__ import annotations

import re
import time
from html import unescape

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from safelight.server.people.models import Invitation, Person, Proposal
from safelight.server.people.permissions import roles_of
from safelight.server.people.roles import Role

pytestmark = pytest.mark.django_db
PEOPLE = "/accounts/people/"


@pytest.fixture
def browser_of():
    def signed_in(person: Person, *, second_factor: bool = True) -> Client:
        browser = Client(headers={"host": "localhost:8400"})
        browser.force_login(person)
        factor = Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": ""})
        if second_factor:
            session = browser.session
            session["account_authentication_methods"] = [
                {"method": "mfa", "at": time.time(), "id": factor.pk, "type": "totp"}
            ]
            session["account_authentication_methods_user"] = str(person.pk)
            session.save()
        return browser

    return signed_in


@pytest.fixture
def first(browser_of, person_with) -> Client:
    return browser_of(person_with(Role.ADMINISTRATOR))


@pytest.fixture
def second(browser_of, person_with) -> Client:
    return browser_of(person_with(Role.ADMINISTRATOR))


def link_on(page) -> str:
    assert page.status_code == 200, page.content.decode()
    link = unescape(re.search(r"<code[^>]*>(http\S+)</code>", page.content.decode())[1])
    return link.removeprefix("http://localhost:8400")


def decide(browser: Client, what: str, **fields: str):
    return browser.post(
        f"/accounts/proposals/{Proposal.objects.get(state='open').pk}/", {what: "1", **fields}
    )


def test_two_administrators_let_a_reviewer_in(first: Client, second: Client) -> None:
    invited = {"email": "new@example.org", "roles": ["reviewer"], "reason": "joins the team"}
    link = link_on(first.post(PEOPLE + "invite/", invited))
    assert link not in first.get(PEOPLE).content.decode(), "a link is shown once"
    said = {"name": "New", "password": "a long enough sentence", "password_again": "a long enough sentence"}
    assert Client(headers={"host": "localhost:8400"}).post(link, said).status_code == 302

    person = Person.objects.get(email="new@example.org")
    assert "Give New the role reviewer" in second.get(PEOPLE).content.decode()
    assert 'name="approve"' not in first.get(PEOPLE).content.decode(), "the proposer is not even asked"
    decide(first, "approve")
    assert roles_of(person) == set(), "nor listened to"
    decide(second, "approve")
    assert roles_of(person) == {Role.REVIEWER}


def test_a_reset_shows_its_link_to_who_approves(first: Client, second: Client, person_with) -> None:
    person = person_with(Role.REVIEWER)
    first.post(f"{PEOPLE}{person.pk}/", {"act": "reset:both", "reason": "lost everything"})
    link = link_on(decide(second, "approve"))
    new = {"password": "quite another sentence", "password_again": "quite another sentence"}
    assert Client(headers={"host": "localhost:8400"}).post(link, new).status_code == 302
    person.refresh_from_db()
    assert person.check_password("quite another sentence")


def test_a_refusal_closes_the_proposal(first: Client, second: Client, person_with) -> None:
    first.post(f"{PEOPLE}{person_with().pk}/", {"act": "grant:lead", "reason": "leads now"})
    decide(second, "refuse", reason="not yet")
    assert Proposal.objects.get(reason="leads now").state == "refused"


@pytest.mark.parametrize("act", ["revoke:lead", "suspend", "end_sessions"])
def test_what_allows_less_is_done_at_once(act: str, first: Client, person_with) -> None:
    person = person_with(Role.LEAD)
    first.post(f"{PEOPLE}{person.pk}/", {"act": act, "reason": "because"})
    person.refresh_from_db()
    assert roles_of(person) == ({Role.LEAD} if act == "end_sessions" else set())
    assert person.is_active == (act != "suspend")
    assert first.get(f"{PEOPLE}{person.pk}/").status_code == 200


def test_an_invitation_is_withdrawn(first: Client) -> None:
    link = link_on(first.post(PEOPLE + "invite/", {"email": "new@example.org", "reason": "joins the team"}))
    first.post(f"/accounts/invitations/{Invitation.objects.get().pk}/")
    assert Client(headers={"host": "localhost:8400"}).get(link).status_code == 410


def test_what_the_service_refuses_is_said_on_the_page(first: Client, person_with) -> None:
    person = person_with(Role.LEAD)
    again = first.post(PEOPLE + "invite/", {"email": person.email, "reason": "again"})
    assert again.status_code == 409
    assert "has joined already" in again.content.decode()
    page = first.post(f"{PEOPLE}{person.pk}/", {"act": "grant:auditor", "reason": "both"}, follow=True)
    assert "who leads does not audit" in unescape(page.content.decode())


def test_without_the_factor_nothing_changes(browser_of, person_with) -> None:
    careless = browser_of(person_with(Role.ADMINISTRATOR), second_factor=False)
    page = careless.post(PEOPLE + "invite/", {"email": "new@example.org", "reason": "joins"})
    assert page.status_code == 403
    assert "/accounts/factors/reauthenticate/" in page.content.decode()
    assert not Invitation.objects.exists()


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMINISTRATOR])
def test_others_change_nobody(role: Role, browser_of, person_with) -> None:
    browser, person = browser_of(person_with(role)), person_with(Role.REVIEWER)
    before = Proposal.objects.count()
    reads = role in (Role.LEAD, Role.AUDITOR)
    assert browser.get(PEOPLE).status_code == (200 if reads else 403)
    assert browser.post(PEOPLE + "invite/", {"email": "x@example.org", "reason": "x"}).status_code == 403
    for act in ("grant:lead", "revoke:reviewer", "reset:both", "suspend", "end_sessions"):
        assert browser.post(f"{PEOPLE}{person.pk}/", {"act": act, "reason": "x"}).status_code == 403, act
    assert (Proposal.objects.count(), Invitation.objects.count()) == (before, 0)


def test_who_has_no_factor_at_all_is_led_to_add_one(person_with) -> None:
    browser = Client(headers={"host": "localhost:8400"})
    browser.force_login(person_with(Role.ADMINISTRATOR))
    page = browser.post(PEOPLE + "invite/", {"email": "new@example.org", "reason": "joins"})
    assert page.status_code == 403
    assert '"/accounts/factors/?next=' in page.content.decode()


def test_strangers_are_led_to_the_sign_in(client: Client) -> None:
    assert client.get(PEOPLE).headers["location"].startswith("/accounts/login/")
