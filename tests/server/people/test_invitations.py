"""People come in by invitation only, and each link works once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from at_once import at_once
from django.core.exceptions import ValidationError

from safelight.server.ids import clock_at, now
from safelight.server.people.credentials import (
    Reset,
    choose_password,
    end_sessions,
    propose_reset,
    suspend,
)
from safelight.server.people.errors import AlreadyJoined, LinkInvalid, PeopleError, RolesExclude
from safelight.server.people.invitations import (
    first_run_invitation,
    invite,
    join,
    terminal_invitation,
    withdraw_invitation,
)
from safelight.server.people.links import JOIN_WITHIN, TERMINAL_WITHIN
from safelight.server.people.models import Invitation, Person, Proposal
from safelight.server.people.permissions import PermissionDenied, roles_of
from safelight.server.people.proposals import approve
from safelight.server.people.roles import Role

PASSWORD = "a long enough sentence"


def token_of(link: str) -> str:
    return link.rstrip("/").rpartition("/")[2]


def come_in(link: str, email: str = "new@example.org", password: str = PASSWORD) -> Person:
    return join(token_of(link), email=email, name="Newcomer Person", password=password)


def later(by: timedelta):
    moment = now() + by
    return clock_at(lambda: moment)


@pytest.mark.django_db
class TestFirstRun:
    def test_the_first_person_is_an_administrator(self) -> None:
        link = first_run_invitation()
        assert link.startswith("http://localhost:8400/accounts/join/")
        person = come_in(link, "First@Example.org")
        assert person.email == "first@example.org"
        assert roles_of(person) == {Role.ADMINISTRATOR}
        assert person.password.startswith("argon2")

    def test_the_token_is_not_kept(self) -> None:
        token = token_of(first_run_invitation())
        assert not any(token.encode() in bytes(row.token_digest) for row in Invitation.objects.all())

    def test_once_somebody_joined_there_is_no_first_run(self) -> None:
        come_in(first_run_invitation())
        with pytest.raises(AlreadyJoined):
            first_run_invitation()

    def test_each_start_replaces_the_link_before(self) -> None:
        before, link = first_run_invitation(), first_run_invitation()
        with pytest.raises(LinkInvalid):
            come_in(before)
        come_in(link)

    def test_the_terminal_invites_a_second_administrator_but_no_third(self) -> None:
        come_in(first_run_invitation(), "first@example.org")
        second = come_in(terminal_invitation(), "second@example.org")
        assert roles_of(second) == {Role.ADMINISTRATOR}
        with pytest.raises(AlreadyJoined):
            terminal_invitation()

    def test_a_terminal_link_is_void_once_two_are_administrators(self, person_with) -> None:
        link = terminal_invitation()
        person_with(Role.ADMINISTRATOR), person_with(Role.ADMINISTRATOR)
        with pytest.raises(AlreadyJoined):
            come_in(link)
        assert not Person.objects.filter(email="new@example.org").exists()

    def test_it_expires(self) -> None:
        link = first_run_invitation()
        with later(TERMINAL_WITHIN), pytest.raises(LinkInvalid):
            come_in(link)


@pytest.mark.django_db
class TestInvitations:
    @pytest.fixture
    def inviter(self, actor_with):
        return actor_with(Role.ADMINISTRATOR)

    def test_who_joins_holds_no_role_until_a_second_person_approves(self, inviter, actor_with) -> None:
        link = invite(inviter, "New@Example.org", frozenset({Role.REVIEWER}), "joins the team")
        person = come_in(link, "somebody.else@example.org")
        assert person.email == "new@example.org", "the address is the invited one, whatever is typed"
        assert roles_of(person) == set()
        proposal = Proposal.objects.get(subject=person.pk)
        assert proposal.proposed_by == inviter.person
        approve(actor_with(Role.ADMINISTRATOR), proposal.pk)
        assert roles_of(person) == {Role.REVIEWER}

    def test_only_who_may_change_people_invites(self, actor_with) -> None:
        with pytest.raises(PermissionDenied):
            invite(actor_with(Role.LEAD), "new@example.org", frozenset(), "joins the team")

    def test_it_works_once(self, inviter) -> None:
        link = invite(inviter, "new@example.org", frozenset(), "joins the team")
        come_in(link)
        with pytest.raises(LinkInvalid):
            come_in(link)

    def test_it_expires(self, inviter) -> None:
        link = invite(inviter, "new@example.org", frozenset(), "joins the team")
        with later(JOIN_WITHIN), pytest.raises(LinkInvalid):
            come_in(link)

    def test_it_can_be_withdrawn(self, inviter) -> None:
        link = invite(inviter, "new@example.org", frozenset(), "joins the team")
        withdraw_invitation(inviter, Invitation.objects.get().pk)
        with pytest.raises(LinkInvalid):
            come_in(link)

    def test_a_later_one_to_the_same_address_replaces_it(self, inviter) -> None:
        before, link = (invite(inviter, "new@example.org", frozenset(), "joins") for _ in range(2))
        with pytest.raises(LinkInvalid):
            come_in(before)
        come_in(link)

    def test_a_weak_password_does_not_use_it_up(self, inviter) -> None:
        link = invite(inviter, "new@example.org", frozenset(), "joins the team")
        for weak in ("short", "new@example.org", "Newcomer Person"):
            with pytest.raises(ValidationError):
                come_in(link, password=weak)
        come_in(link)

    def test_exclusive_roles_are_not_offered_together(self, inviter) -> None:
        with pytest.raises(RolesExclude):
            invite(inviter, "new@example.org", frozenset({Role.LEAD, Role.AUDITOR}), "both")

    def test_who_joined_is_not_invited_again(self, inviter, person_with) -> None:
        with pytest.raises(AlreadyJoined):
            invite(inviter, person_with().email, frozenset(), "again")

    def test_an_inviter_who_lost_the_permission_proposes_nothing(self, inviter, actor_with) -> None:
        link = invite(inviter, "new@example.org", frozenset({Role.REVIEWER}), "joins the team")
        suspend(actor_with(Role.ADMINISTRATOR), inviter.person, "left the team")
        person = come_in(link)
        assert not Proposal.objects.filter(subject=person.pk).exists()

    def test_a_reason_is_asked_for(self, inviter) -> None:
        with pytest.raises(PeopleError, match="why"):
            invite(inviter, "new@example.org", frozenset(), "")

    def test_a_suspended_person_comes_back_without_anything(self, inviter, person_with) -> None:
        person = person_with(Role.LEAD)
        Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": "x"})
        suspend(inviter, person, "on leave")
        back = come_in(invite(inviter, person.email, frozenset(), "is back"))
        assert back == person
        assert back.is_active
        assert roles_of(back) == set()
        assert not Authenticator.objects.filter(user=back).exists()


def test_of_many_who_use_a_link_at_once_one_joins(committing_db) -> None:
    link = first_run_invitation()
    outcomes = at_once(*[lambda n=n: come_in(link, f"{n}@example.org") for n in range(5)])
    assert sum(outcome is None for outcome in outcomes) == 1
    assert all(isinstance(outcome, LinkInvalid) for outcome in outcomes if outcome is not None)
    assert Person.objects.count() == 1


@pytest.mark.django_db
class TestResets:
    @pytest.fixture
    def reset(self, actor_with):
        first, second = actor_with(Role.ADMINISTRATOR), actor_with(Role.ADMINISTRATOR)

        def by_two(person: Person, what: Reset) -> str | None:
            return approve(second, propose_reset(first, person, what, "lost it").pk).link

        return by_two

    @pytest.fixture
    def person(self, person_with) -> Person:
        person = person_with(Role.REVIEWER)
        Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": "x"})
        return person

    def test_a_password_by_a_link_for_that_person_alone(self, reset, person) -> None:
        link = reset(person, Reset.PASSWORD)
        person.refresh_from_db()
        assert not person.has_usable_password()
        with pytest.raises(PeopleError):
            come_in(link)
        choose_password(token_of(link), PASSWORD)
        person.refresh_from_db()
        assert person.check_password(PASSWORD)
        assert Authenticator.objects.filter(user=person).exists(), "the factor was not asked to be reset"
        with pytest.raises(LinkInvalid):
            choose_password(token_of(link), PASSWORD)

    def test_factors_without_touching_the_password(self, reset, person) -> None:
        assert reset(person, Reset.FACTORS) is None
        person.refresh_from_db()
        assert person.has_usable_password()
        assert not Authenticator.objects.filter(user=person).exists()

    def test_an_invitation_is_no_reset_link(self, actor_with) -> None:
        link = invite(actor_with(Role.ADMINISTRATOR), "new@example.org", frozenset(), "joins")
        with pytest.raises(LinkInvalid):
            choose_password(token_of(link), PASSWORD)

    @pytest.mark.parametrize("what", Reset)
    def test_every_session_ends(self, what, reset, person, client) -> None:
        client.force_login(person)
        client.get("/accounts/")
        UserSession.objects.create(
            user=person, session_key=client.session.session_key, ip="127.0.0.1", user_agent="a browser"
        )
        reset(person, what)
        assert client.get("/accounts/").status_code == 302


@pytest.mark.django_db
def test_ending_sessions_signs_out_at_once(person_with, actor_with, client) -> None:
    person = person_with()
    client.force_login(person)
    UserSession.objects.create(
        user=person, session_key=client.session.session_key, ip="127.0.0.1", user_agent="a browser"
    )
    assert client.get("/accounts/", headers={"host": "localhost"}).status_code == 200
    end_sessions(actor_with(Role.ADMINISTRATOR), person, "left a screen open")
    assert client.get("/accounts/", headers={"host": "localhost"}).status_code == 302
