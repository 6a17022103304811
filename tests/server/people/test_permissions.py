"""Every permission is denied unless the table grants it, and one function decides."""

from __future__ import annotations

import pytest

from safelight.server.cases.models import Case, CaseOccurrence
from safelight.server.ids import now
from safelight.server.intake.models import ApiKey, Intake, Item, Occurrence
from safelight.server.people.actors import KeyActor, SystemActor
from safelight.server.people.credentials import suspend
from safelight.server.people.grants import revoke_role
from safelight.server.people.permissions import PermissionDenied, require
from safelight.server.people.roles import (
    GRANTS,
    IN_AN_OWN_CASE,
    KEY_GRANTS,
    NEED_SECOND_FACTOR,
    PROCESS_GRANTS,
    Permission,
    Role,
)
from safelight.server.people.standing import mark_workspace

pytestmark = pytest.mark.django_db


def allowed(actor, permission, **what) -> bool:
    try:
        require(actor, permission, **what)
    except PermissionDenied:
        return False
    return True


@pytest.fixture
def item() -> Item:
    return Item.objects.create(
        tag=b"t", size=1, kind="image", mime="image/png", observation=b"", outcome="match"
    )


@pytest.fixture
def case(item: Item) -> Case:
    case = Case.objects.create()
    occurrence = Occurrence.objects.create(intake=Intake.objects.create(kind=Intake.Kind.BY_HAND), item=item)
    CaseOccurrence.objects.create(case=case, occurrence=occurrence)
    return case


@pytest.mark.parametrize("role", Role)
def test_a_role_may_do_what_the_table_grants_it_and_nothing_else(role, actor_with, case) -> None:
    actor = actor_with(role)
    Case.objects.update(assigned_to=actor.person)
    case.refresh_from_db()
    expected = set(GRANTS[role])
    if Permission.CASE_READ_ALL in expected:
        expected.add(Permission.CASE_READ_OWN)
    assert {permission for permission in Permission if allowed(actor, permission, case=case)} == expected


def test_who_has_no_role_may_do_nothing(actor_with, case) -> None:
    assert not any(allowed(actor_with(), permission, case=case) for permission in Permission)


@pytest.mark.parametrize("permission", Permission)
def test_what_no_table_knows_is_denied(permission, actor_with, monkeypatch) -> None:
    monkeypatch.setattr("safelight.server.people.permissions.GRANTS", {})
    assert not allowed(actor_with(*set(Role) - {Role.AUDITOR}), permission)


@pytest.mark.parametrize("permission", Permission)
def test_keys_and_processes_may_do_what_their_tables_grant_and_nothing_else(permission) -> None:
    every = [*KEY_GRANTS, "scan", "report"]
    assert not allowed(KeyActor(ApiKey(scopes=[], audience="server")), permission)
    assert not allowed(KeyActor(ApiKey(scopes=every, audience="uploader")), permission)
    granted_to_keys = frozenset().union(*KEY_GRANTS.values())
    server = KeyActor(ApiKey(scopes=every, audience="server"))
    assert allowed(server, permission) == (permission in granted_to_keys)
    assert not allowed(SystemActor("nobody knows this one"), permission)
    for process, granted in PROCESS_GRANTS.items():
        assert allowed(SystemActor(process), permission) == (permission in granted)


@pytest.mark.parametrize("permission", sorted(NEED_SECOND_FACTOR))
def test_some_things_need_a_second_factor_in_this_session(permission, actor_with, case) -> None:
    role = next(role for role in Role if permission in GRANTS[role])
    actor = actor_with(role, second_factor=False)
    Case.objects.update(assigned_to=actor.person)
    with pytest.raises(PermissionDenied, match="second factor") as denied:
        require(actor, permission, case=case)
    assert denied.value.needs_second_factor


def test_a_demo_waives_the_factor_but_the_setting_alone_does_not(actor_with, workspace_setting) -> None:
    actor = actor_with(Role.LEAD, second_factor=False)
    workspace_setting(demo=True)
    assert not allowed(actor, Permission.EVIDENCE_DESTROY)


def test_a_workspace_marked_as_a_demo_waives_the_factor_only(actor_with) -> None:
    mark_workspace(demo=True)
    actor = actor_with(Role.LEAD, second_factor=False)
    assert allowed(actor, Permission.EVIDENCE_DESTROY)
    assert not allowed(actor, Permission.EVIDENCE_VIEW)


@pytest.mark.parametrize("permission", sorted(IN_AN_OWN_CASE))
class TestInACase:
    def test_of_somebody_else(self, permission, actor_with, case) -> None:
        Case.objects.update(assigned_to=actor_with(Role.REVIEWER).person)
        assert not allowed(actor_with(Role.REVIEWER), permission, case=case)

    def test_that_nobody_has_taken_only_taking_it_is_allowed(self, permission, actor_with, case) -> None:
        expected = permission is Permission.CASE_WORK
        assert allowed(actor_with(Role.REVIEWER), permission, case=case) == expected

    def test_that_is_finished_only_reading_is_allowed(self, permission, actor_with, case) -> None:
        actor = actor_with(Role.REVIEWER)
        Case.objects.update(assigned_to=actor.person, state=Case.State.FINISHED, finished_at=now())
        expected = permission is Permission.CASE_READ_OWN
        assert allowed(actor, permission, case=case) == expected

    def test_that_is_not_named(self, permission, actor_with, case) -> None:
        actor = actor_with(Role.REVIEWER)
        Case.objects.update(assigned_to=actor.person)
        assert not allowed(actor, permission)

    def test_an_item_stands_for_the_cases_it_is_in(self, permission, actor_with, case, item) -> None:
        actor = actor_with(Role.REVIEWER)
        Case.objects.update(assigned_to=actor.person)
        assert allowed(actor, permission, item=item)
        assert not allowed(actor_with(Role.REVIEWER), Permission.EVIDENCE_VIEW, item=item)
        other = Case.objects.create(assigned_to=actor.person)
        assert not allowed(actor, permission, case=other, item=item)


def test_a_revoked_role_ends_at_once(actor_with) -> None:
    lead = actor_with(Role.LEAD)
    assert allowed(lead, Permission.CASE_ASSIGN)
    revoke_role(actor_with(Role.ADMINISTRATOR), lead.person, Role.LEAD, "moved on")
    assert not allowed(lead, Permission.CASE_ASSIGN)


def test_a_suspended_person_may_do_nothing_at_once(actor_with) -> None:
    lead = actor_with(Role.LEAD)
    suspend(actor_with(Role.ADMINISTRATOR), lead.person, "left the team")
    assert not any(allowed(lead, permission) for permission in Permission)
