"""Acts that take two people take two people, also when both press at the same moment."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from at_once import at_once
from django.db import IntegrityError, transaction

from safelight.server.ids import clock_at, new_id, now
from safelight.server.ledger.models import LedgerPayload
from safelight.server.people import proposals
from safelight.server.people.errors import (
    NotApproved,
    PeopleError,
    ProposalClosed,
    RolesExclude,
    SecondPersonNeeded,
)
from safelight.server.people.grants import propose_role, revoke_role
from safelight.server.people.models import Proposal, RoleGrant
from safelight.server.people.permissions import PermissionDenied, roles_of
from safelight.server.people.proposals import (
    APPROVAL_HOLDS_FOR,
    NEEDED,
    OPEN_FOR,
    approve,
    expire_proposals,
    propose,
    refuse,
    spend,
)
from safelight.server.people.roles import GRANTS, Role


def later(by: timedelta):
    moment = now() + by
    return clock_at(lambda: moment)


def told(event: str) -> list[dict]:
    rows = LedgerPayload.objects.filter(row__event=event).order_by("row__at", "row__id")
    return [json.loads(bytes(row.body)) for row in rows]


@pytest.fixture(autouse=True)
def _an_export_is_carried_out_later(monkeypatch) -> None:
    """So that there is an approval to spend."""
    monkeypatch.delitem(proposals._effects, Proposal.Kind.EXPORT)


@pytest.fixture
def first(actor_with):
    return actor_with(Role.ADMINISTRATOR)


@pytest.fixture
def second(actor_with):
    return actor_with(Role.ADMINISTRATOR)


@pytest.mark.django_db
class TestTwoPeople:
    def test_a_role_is_held_once_a_second_person_approves(self, first, second, person_with) -> None:
        person = person_with()
        proposal = propose_role(first, person, Role.REVIEWER, "joins the team")
        assert roles_of(person) == set()
        approve(second, proposal.pk)
        assert roles_of(person) == {Role.REVIEWER}
        assert told("role.granted")[-1] == {
            "role": "reviewer", "proposal": str(proposal.pk), "single_operator": False,
        }  # fmt: skip

    def test_who_proposed_cannot_approve(self, first, person_with) -> None:
        proposal = propose_role(first, person_with(), Role.REVIEWER, "joins the team")
        with pytest.raises(SecondPersonNeeded):
            approve(first, proposal.pk)

    def test_whom_it_concerns_cannot_approve(self, first, second) -> None:
        proposal = propose_role(first, second.person, Role.LEAD, "leads now")
        with pytest.raises(SecondPersonNeeded):
            approve(second, proposal.pk)

    def test_the_database_refuses_one_person_too(self, first, person_with) -> None:
        proposal = propose_role(first, person_with(), Role.REVIEWER, "joins the team")
        with pytest.raises(IntegrityError, match="two_people_decide"), transaction.atomic():
            Proposal.objects.filter(pk=proposal.pk).update(
                state=Proposal.State.APPROVED, decided_by=first.person, decided_at=now()
            )

    def test_the_database_refuses_a_role_without_a_proposal(self, person_with) -> None:
        with pytest.raises(IntegrityError, match="granted_by_a_proposal"), transaction.atomic():
            RoleGrant.objects.create(person=person_with(), role=Role.REVIEWER)

    @pytest.mark.parametrize("kind", Proposal.Kind)
    def test_both_need_the_permission(self, kind, actor_with) -> None:
        outsider = actor_with(next(role for role in Role if NEEDED[kind] not in GRANTS[role]))
        insider = actor_with(next(role for role in Role if NEEDED[kind] in GRANTS[role]))
        with pytest.raises(PermissionDenied):
            propose(outsider, kind, new_id(), "because")
        proposal = propose(insider, kind, new_id(), "because")
        for decide in (lambda: approve(outsider, proposal.pk), lambda: refuse(outsider, proposal.pk, "no")):
            with pytest.raises(PermissionDenied):
                decide()

    def test_both_need_their_second_factor(self, first, actor_with, person_with) -> None:
        careless = actor_with(Role.ADMINISTRATOR, second_factor=False)
        with pytest.raises(PermissionDenied, match="second factor"):
            propose_role(careless, person_with(), Role.REVIEWER, "joins the team")
        proposal = propose_role(first, person_with(), Role.REVIEWER, "joins the team")
        with pytest.raises(PermissionDenied, match="second factor"):
            approve(careless, proposal.pk)

    def test_a_reason_is_asked_for(self, first, person_with) -> None:
        with pytest.raises(PeopleError, match="why"):
            propose_role(first, person_with(), Role.REVIEWER, "  ")

    def test_what_was_refused_cannot_be_approved(self, first, second, person_with) -> None:
        person = person_with()
        proposal = propose_role(first, person, Role.REVIEWER, "joins the team")
        refuse(second, proposal.pk, "not yet trained")
        with pytest.raises(ProposalClosed):
            approve(second, proposal.pk)
        assert roles_of(person) == set()

    def test_the_proposer_may_withdraw(self, first, person_with) -> None:
        proposal = propose_role(first, person_with(), Role.REVIEWER, "joins the team")
        assert refuse(first, proposal.pk, "a mistake").state == Proposal.State.REFUSED

    def test_after_its_time_a_proposal_is_closed(self, first, second, person_with) -> None:
        proposal = propose_role(first, person_with(), Role.REVIEWER, "joins the team")
        with later(OPEN_FOR):
            with pytest.raises(ProposalClosed):
                approve(second, proposal.pk)
            assert expire_proposals() == 1
            assert expire_proposals() == 0
        proposal.refresh_from_db()
        assert proposal.state == Proposal.State.EXPIRED
        assert told("proposal.expired") == [{"kind": "role_grant"}]

    def test_an_approval_that_fails_changes_nothing(self, first, second, person_with) -> None:
        person = person_with(Role.AUDITOR)
        proposal = propose(
            first, Proposal.Kind.ROLE_GRANT, person.pk, "slipped past the form", detail={"role": "lead"}
        )
        with pytest.raises(RolesExclude):
            approve(second, proposal.pk)
        proposal.refresh_from_db()
        assert proposal.state == Proposal.State.OPEN


@pytest.mark.django_db
class TestSpending:
    def test_an_approval_is_good_for_one_act(self, actor_with) -> None:
        first, second, subject = actor_with(Role.REPORTER), actor_with(Role.REPORTER), new_id()
        with pytest.raises(NotApproved):
            spend(first, Proposal.Kind.EXPORT, subject)
        approve(second, propose(first, Proposal.Kind.EXPORT, subject, "for the police").pk)
        with pytest.raises(NotApproved):
            spend(first, Proposal.Kind.EXPORT, new_id())
        spend(first, Proposal.Kind.EXPORT, subject)
        with pytest.raises(NotApproved):
            spend(first, Proposal.Kind.EXPORT, subject)

    def test_an_old_approval_lapses(self, actor_with) -> None:
        first, second, subject = actor_with(Role.REPORTER), actor_with(Role.REPORTER), new_id()
        approve(second, propose(first, Proposal.Kind.EXPORT, subject, "for the police").pk)
        with later(APPROVAL_HOLDS_FOR), pytest.raises(NotApproved):
            spend(first, Proposal.Kind.EXPORT, subject)


@pytest.mark.django_db
class TestSingleOperator:
    def test_one_person_does_both_and_it_is_on_record(self, first, person_with, workspace_setting) -> None:
        workspace_setting(single_operator=True)
        person = person_with()
        proposal = approve(first, propose_role(first, person, Role.REVIEWER, "only me here").pk).proposal
        assert roles_of(person) == {Role.REVIEWER}
        assert proposal.single_operator
        assert told("proposal.approved")[-1]["single_operator"] is True
        assert told("role.granted")[-1]["single_operator"] is True

    def test_two_people_in_that_mode_are_recorded_as_two(
        self, first, second, person_with, workspace_setting
    ) -> None:
        workspace_setting(single_operator=True)
        proposal = approve(second, propose_role(first, person_with(), Role.REVIEWER, "joins").pk).proposal
        assert not proposal.single_operator


@pytest.mark.django_db
class TestExclusiveRoles:
    @pytest.mark.parametrize(("held", "wanted"), [(Role.LEAD, Role.AUDITOR), (Role.AUDITOR, Role.LEAD)])
    def test_who_leads_does_not_audit(self, held, wanted, first, person_with) -> None:
        with pytest.raises(RolesExclude):
            propose_role(first, person_with(held), wanted, "both, please")

    def test_the_database_refuses_as_well(self, person_with) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            person_with(Role.LEAD, Role.AUDITOR)

    def test_one_after_the_other_is_fine(self, first, second, person_with) -> None:
        person = person_with(Role.LEAD)
        revoke_role(first, person, Role.LEAD, "changes sides")
        approve(second, propose_role(first, person, Role.AUDITOR, "changes sides").pk)
        assert roles_of(person) == {Role.AUDITOR}


class TestRaces:
    def test_of_many_who_decide_at_once_one_does(self, committing_db, first, actor_with, person_with) -> None:
        person = person_with()
        proposal = propose_role(first, person, Role.REVIEWER, "joins the team")
        others = [actor_with(Role.ADMINISTRATOR) for _ in range(6)]
        outcomes = at_once(
            *[lambda who=who: approve(who, proposal.pk) for who in others[:3]],
            *[lambda who=who: refuse(who, proposal.pk, "no") for who in others[3:]],
        )
        assert sum(outcome is None for outcome in outcomes) == 1
        assert all(isinstance(outcome, ProposalClosed) for outcome in outcomes if outcome is not None)
        assert RoleGrant.objects.filter(person=person).count() in (0, 1)
        assert len(told("proposal.approved")) + len(told("proposal.refused")) == 1

    def test_lead_and_auditor_at_once_give_one_of_them(
        self, committing_db, first, actor_with, person_with
    ) -> None:
        for _ in range(3):
            person = person_with()
            proposals = [propose_role(first, person, role, "at once") for role in (Role.LEAD, Role.AUDITOR)]
            others = [actor_with(Role.ADMINISTRATOR) for _ in proposals]
            outcomes = at_once(
                *[
                    lambda who=who, which=which: approve(who, which.pk)
                    for who, which in zip(others, proposals, strict=True)
                ]
            )
            assert len(roles_of(person)) == 1
            assert [type(outcome) for outcome in outcomes if outcome is not None] == [RolesExclude]

    def test_an_approval_is_spent_once(self, committing_db, actor_with) -> None:
        first, second, subject = actor_with(Role.REPORTER), actor_with(Role.REPORTER), new_id()
        approve(second, propose(first, Proposal.Kind.EXPORT, subject, "for the police").pk)
        outcomes = at_once(*[lambda: spend(first, Proposal.Kind.EXPORT, subject)] * 5)
        assert sum(outcome is None for outcome in outcomes) == 1
