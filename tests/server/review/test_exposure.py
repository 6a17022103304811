"""Who may know what somebody looked at: themselves, leads in sum, others by a second person's release."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from safelight.media.rendering import Level
from safelight.server.alerts.models import Alert
from safelight.server.cases.handling import pass_on
from safelight.server.cases.models import Case
from safelight.server.config import Review
from safelight.server.ids import now
from safelight.server.ledger.models import LedgerRow
from safelight.server.people.errors import SecondPersonNeeded
from safelight.server.people.permissions import PermissionDenied
from safelight.server.people.proposals import approve
from safelight.server.people.roles import Role
from safelight.server.review.errors import ReviewError
from safelight.server.review.exposure import of_item, of_person, own_day, team_days
from safelight.server.review.models import Viewing
from safelight.server.review.opening import open_viewing
from safelight.server.review.releases import propose_case_release, propose_exposure_release
from safelight.server.review.showing import show
from safelight.server.review.unusual import notice_passes

pytestmark = pytest.mark.usefixtures("db", "clock")


def looked(actor: Any, case: Any, item: Any, level: int = 1) -> None:
    Viewing.objects.create(
        person=actor.person, case=case, item=item, level=level, longest=30, opened_at=now(), shown_at=now(),
        ended_at=now(), seconds=60, charged=60,
    )  # fmt: skip


def test_one_sees_ones_own_day_and_the_lead_sums_of_three_or_more(
    own_case: Any, vault: Any, actor_with: Any
) -> None:
    actor, case, item = own_case()
    looked(actor, case, item, 1)
    looked(actor, case, item, 3)
    assert [(one.level, one.views, one.minutes) for one in own_day(actor).levels] == [(1, 1, 1), (3, 1, 1)]
    lead = actor_with(Role.LEAD)
    assert own_day(lead).levels == ()
    assert team_days(lead)[0].levels is None
    for _ in range(2):
        looked(actor_with(Role.REVIEWER), case, item, 3)
    today = team_days(lead)[0].levels
    assert today is not None
    assert [(one.level, one.views) for one in today] == [(1, 1), (3, 3)]
    for other in (actor, actor_with(Role.AUDITOR)):
        with pytest.raises(PermissionDenied):
            team_days(other)


def test_a_file_is_searched_by_auditors_and_that_is_written_down(
    own_case: Any, vault: Any, actor_with: Any
) -> None:
    actor, case, item = own_case()
    looked(actor, case, item)
    for other in (actor, actor_with(Role.LEAD)):
        with pytest.raises(PermissionDenied):
            of_item(other, item)
    found = of_item(actor_with(Role.AUDITOR), item)
    assert [one.who for one in found] == [str(actor.person)]
    assert LedgerRow.objects.filter(event="exposure.searched").count() == 1


def test_a_reason_is_sealed_and_read_by_who_may(own_case: Any, sandboxed: Any, actor_with: Any) -> None:
    actor, case, item = own_case()
    show(actor, open_viewing(actor, case, item, Level.TINY, reason="the lower level says too little").token)
    assert b"lower level" not in bytes(Viewing.objects.get().reason)
    (found,) = of_item(actor_with(Role.AUDITOR), item)
    assert found.reason == "the lower level says too little"


def test_a_person_is_searched_only_by_a_second_persons_release_which_they_see(
    own_case: Any, vault: Any, actor_with: Any, clock: Any
) -> None:
    actor, case, item = own_case()
    looked(actor, case, item)
    lead, auditor = actor_with(Role.LEAD), actor_with(Role.AUDITOR)
    with pytest.raises(PermissionDenied):
        of_person(lead, actor.person)
    proposal = propose_exposure_release(lead, actor.person, "they asked for it themselves")
    with pytest.raises(SecondPersonNeeded):
        approve(lead, proposal.pk)
    approve(auditor, proposal.pk)
    assert len(of_person(lead, actor.person)) == 1
    with pytest.raises(PermissionDenied):
        of_person(auditor, actor.person)
    (told,) = own_day(actor).told
    assert (told.reader, told.proposal.reason) == (lead.person, "they asked for it themselves")
    clock.passes(hours=25)
    with pytest.raises(PermissionDenied):
        of_person(lead, actor.person)


@pytest.mark.parametrize("state", ["of another", "finished"])
def test_evidence_elsewhere_takes_a_second_persons_release(
    state: str, own_case: Any, sandboxed: Any, actor_with: Any, clock: Any
) -> None:
    owner, case, item = own_case()
    senior = actor_with(Role.SENIOR_REVIEWER)
    if state == "finished":
        Case.objects.filter(pk=case.pk).update(state="finished", finished_at=now(), assigned_to=senior.person)
        case.refresh_from_db()
    with pytest.raises(PermissionDenied):
        open_viewing(senior, case, item, Level.TINY)
    proposal = propose_case_release(senior, case, senior.person, "a follow-up needs it")
    with pytest.raises(SecondPersonNeeded):
        approve(senior, proposal.pk)
    with pytest.raises(PermissionDenied):
        approve(owner, proposal.pk)
    approve(actor_with(Role.LEAD), proposal.pk)
    show(senior, open_viewing(senior, case, item, Level.TINY).token)
    assert LedgerRow.objects.filter(event="case.released").count() == 1
    clock.passes(hours=25)
    with pytest.raises(PermissionDenied):
        open_viewing(senior, case, item, Level.TINY)


def test_a_release_opens_one_case_and_nothing_but_looking(
    own_case: Any, sandboxed: Any, actor_with: Any
) -> None:
    from safelight.server.cases.decisions import decide
    from safelight.server.cases.models import Decision

    _owner, case, item = own_case()
    _other, elsewhere, other_item = own_case(account="u2", content=b"another")
    senior = actor_with(Role.SENIOR_REVIEWER)
    approve(actor_with(Role.LEAD), propose_case_release(senior, case, senior.person, "why").pk)
    with pytest.raises(PermissionDenied):
        open_viewing(senior, elsewhere, other_item, Level.TINY)
    with pytest.raises(PermissionDenied):
        decide(senior, case, item.occurrences.get(), Decision.Outcome.DISMISSED, reason="no")
    with pytest.raises(ReviewError):
        propose_case_release(senior, case, actor_with(Role.AUDITOR).person, "why")


def test_very_many_views_and_odd_hours_are_told(
    own_case: Any, vault: Any, workspace_setting: Any, clock: Any
) -> None:
    workspace_setting(review=Review(unusual_views=3, hours_from=7, hours_to=19))
    actor, case, item = own_case()
    looked(actor, case, item, 1)
    looked(actor, case, item, 3)
    open_viewing(actor, case, item, Level.GREY, reason="for a test")
    assert not Alert.objects.exists()
    open_viewing(actor, case, item, Level.GREY, reason="for a test")
    alert = Alert.objects.get()
    assert (alert.kind, alert.subject) == ("unusual_viewing", str(actor.person.pk))
    assert "3 views" in alert.detail
    clock.passes(hours=9)
    open_viewing(actor, case, item, Level.TINY)
    assert "outside working hours" in Alert.objects.get().detail


def test_passing_on_alone_is_never_counted(
    own_case: Any, vault: Any, workspace_setting: Any, actor_with: Any, clock: Any
) -> None:
    workspace_setting(review=Review(unusual_passes=2))
    actor = actor_with(Role.REVIEWER)
    for number in range(5):
        _actor, case, item = own_case(account=f"u{number}", content=bytes([number]), actor=actor)
        looked(actor, case, item, 1)
        pass_on(actor, case)
    notice_passes()
    assert not Alert.objects.exists()
    for number in range(5, 7):
        _actor, case, item = own_case(account=f"u{number}", content=bytes([number]), actor=actor)
        looked(actor, case, item, 3)
        pass_on(actor, case)
    notice_passes()
    assert "2 cases" in Alert.objects.get().detail
    clock.passes(days=2)
    Alert.objects.update(acknowledged_at=now() - timedelta(days=1), acknowledged_by=actor.person)
    notice_passes()
    assert Alert.objects.get().cleared_at is not None
