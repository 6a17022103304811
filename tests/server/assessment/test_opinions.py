"""A second pair of eyes: who may answer, that blind is blind, and that a senior settles what differs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from safelight.assessment import axes
from safelight.assessment.axes import AgeBand, Outcome, Severity
from safelight.server.assessment.errors import AssessmentError, NotOpen, NotYours, OpinionsMissing
from safelight.server.assessment.models import Opinion, StoredAssessment
from safelight.server.assessment.opinions import (
    give,
    give_back,
    note_read,
    release_stranded,
    take,
    take_next,
    waiting_for,
)
from safelight.server.assessment.services import assess, current
from safelight.server.cases.decisions import decide, supersede
from safelight.server.cases.handling import pass_on
from safelight.server.cases.handling import take as take_case
from safelight.server.cases.models import Decision
from safelight.server.ids import clock_at
from safelight.server.intake.models import Item
from safelight.server.people.credentials import suspend
from safelight.server.people.permissions import PermissionDenied, require
from safelight.server.people.roles import Permission, Role

pytestmark = pytest.mark.usefixtures("db")
Policy = Callable[..., None]
FOUND = axes.Assessment(outcome=Outcome.UNLAWFUL, severity=Severity.EXHIBITION, age=AgeBand.AGE_7_10)
BEYOND = axes.Assessment(outcome=Outcome.BEYOND_EXPERTISE)


def confirm(actor: Any, case: Any) -> Decision:
    return decide(actor, case, case.members.get().occurrence, Decision.Outcome.CONFIRMED)


def test_without_a_policy_nobody_else_is_asked(case: Any, item: Item, reviewer: Any) -> None:
    assess(reviewer, case, item, FOUND)
    assert not Opinion.objects.exists()
    assert confirm(reviewer, case)


def test_the_strictest_of_an_items_classes_holds(
    case: Any, item: Item, reviewer: Any, policy: Policy
) -> None:
    policy(opinions="second", opinions_of={"test": "blind", "csam": "three"})
    assess(reviewer, case, item, FOUND)
    assert [opinion.kind for opinion in Opinion.objects.all()] == ["blind"]


@pytest.mark.parametrize("wanted", ["second", "blind", "three"])
def test_nothing_is_decided_before_the_second_person_has_answered(
    wanted: str, case: Any, item: Item, reviewer: Any, second: Any, policy: Policy
) -> None:
    policy(opinions=wanted)
    with pytest.raises(OpinionsMissing, match="Assess this first"):
        confirm(reviewer, case)
    assess(reviewer, case, item, FOUND)
    with pytest.raises(OpinionsMissing, match="second person"):
        confirm(reviewer, case)
    decide(reviewer, case, case.members.get().occurrence, Decision.Outcome.HELD, reason="until then")
    held = Decision.objects.get()
    opinion = take_next(second)
    assert opinion is not None
    give(second, opinion, FOUND)
    assert supersede(reviewer, held, Decision.Outcome.CONFIRMED, "both agree").outcome == "confirmed"


def test_who_answered_first_is_not_the_second(case: Any, item: Item, reviewer: Any, policy: Policy) -> None:
    policy(opinions="second")
    assess(reviewer, case, item, FOUND)
    assert not waiting_for(reviewer).exists()
    with pytest.raises(NotYours):
        take(reviewer, Opinion.objects.get())


def test_in_declared_single_operator_mode_one_person_may_and_it_is_said(
    case: Any, item: Item, reviewer: Any, policy: Policy, workspace_setting: Callable[..., None]
) -> None:
    workspace_setting(single_operator=True)
    policy(opinions="blind")
    assess(reviewer, case, item, FOUND)
    opinion = take_next(reviewer)
    assert opinion is not None
    given = give(reviewer, opinion, FOUND).assessment
    assert given is not None
    assert (given.single_operator, given.alone) == (True, False)


def test_whoever_has_read_the_case_is_not_blind(
    case: Any, item: Item, reviewer: Any, second: Any, actor_with: Callable[..., Any], policy: Policy
) -> None:
    policy(opinions="blind")
    assess(reviewer, case, item, FOUND)
    note_read(second, case)
    assert not waiting_for(second).exists()
    had_it = actor_with(Role.REVIEWER)
    pass_on(reviewer, case)
    take_case(had_it, case)
    assert not waiting_for(had_it).exists()
    pass_on(had_it, case)
    assert not waiting_for(had_it).exists()
    assert waiting_for(actor_with(Role.REVIEWER)).exists()


def test_of_two_who_take_an_opinion_one_gets_it(
    case: Any, item: Item, reviewer: Any, second: Any, senior: Any, policy: Policy
) -> None:
    policy(opinions="second")
    assess(reviewer, case, item, FOUND)
    opinion = Opinion.objects.get()
    take(second, opinion)
    with pytest.raises(NotOpen):
        take(senior, opinion)
    with pytest.raises(NotOpen):
        give(senior, opinion, FOUND)


def test_giving_it_back_needs_no_reason_and_leaves_it_to_others(
    case: Any, item: Item, reviewer: Any, second: Any, actor_with: Callable[..., Any], policy: Policy
) -> None:
    policy(opinions="blind")
    assess(reviewer, case, item, FOUND)
    opinion = take_next(second)
    assert opinion is not None
    give_back(second, opinion)
    assert not waiting_for(second).exists()
    assert take_next(actor_with(Role.REVIEWER)) == opinion


def test_no_opinion_strands_with_somebody_who_left_or_forgot_it(
    case: Any, item: Item, reviewer: Any, second: Any, actor_with: Callable[..., Any], policy: Policy
) -> None:
    policy(opinions="blind")
    assess(reviewer, case, item, FOUND)
    assert take_next(second) is not None
    assert release_stranded() == 0
    with clock_at(lambda: datetime.now(UTC) + timedelta(hours=25)):
        assert release_stranded() == 1
    assert take_next(second) is not None
    suspend(actor_with(Role.ADMINISTRATOR), second.person, "left")
    assert release_stranded() == 1
    assert take_next(actor_with(Role.REVIEWER)) is not None


def test_whoever_is_asked_sees_that_file_and_no_other_while_they_have_it(
    case: Any, item: Item, reviewer: Any, second: Any, arrive: Callable[..., Any], policy: Policy
) -> None:
    policy(opinions="blind")
    other = arrive(content=b"another file of the same account").item
    assess(reviewer, case, item, FOUND)
    opinion = take_next(second)
    assert opinion is not None
    require(second, Permission.EVIDENCE_VIEW, case=case, item=item)
    for refused in ({"case": case}, {"case": case, "item": other}, {"item": other}):
        with pytest.raises(PermissionDenied):
            require(second, Permission.EVIDENCE_VIEW, **refused)
    give(second, opinion, FOUND)
    with pytest.raises(PermissionDenied):
        require(second, Permission.EVIDENCE_VIEW, case=case, item=item)


def test_where_two_differ_a_senior_answers_and_that_stands(
    case: Any, item: Item, reviewer: Any, second: Any, senior: Any, policy: Policy
) -> None:
    policy(opinions="blind")
    assess(reviewer, case, item, FOUND)
    opinion = take_next(second)
    assert opinion is not None
    given = give(second, opinion, FOUND.but(age=AgeBand.AGE_11_13))
    assert given.differs == ["age"]
    with pytest.raises(OpinionsMissing, match="senior"):
        confirm(reviewer, case)
    assert take_next(second) is None
    last = take_next(senior)
    assert last is not None
    assert last.kind == Opinion.Kind.SENIOR
    with pytest.raises(AssessmentError, match="A senior answers last"):
        give(senior, last, BEYOND)
    give(senior, last, FOUND.but(age=AgeBand.AGE_11_13))
    assert current(case, item) == FOUND.but(age=AgeBand.AGE_11_13)
    assert confirm(reviewer, case)


def test_beyond_my_expertise_is_an_answer_that_brings_a_senior(
    case: Any, item: Item, reviewer: Any, senior: Any
) -> None:
    assess(reviewer, case, item, BEYOND)
    with pytest.raises(OpinionsMissing, match="senior"):
        confirm(reviewer, case)
    last = take_next(senior)
    assert last is not None
    give(senior, last, FOUND)
    assert confirm(reviewer, case)


def test_after_somebody_else_answered_only_a_senior_corrects(
    case: Any, item: Item, reviewer: Any, second: Any, senior: Any, policy: Policy
) -> None:
    policy(opinions="second")
    assess(reviewer, case, item, FOUND)
    opinion = take_next(second)
    assert opinion is not None
    give(second, opinion, FOUND)
    with pytest.raises(NotOpen, match="senior"):
        assess(reviewer, case, item, FOUND.but(outcome=Outcome.NOT_UNLAWFUL))
    pass_on(reviewer, case)
    take_case(senior, case)
    made = assess(senior, case, item, FOUND.but(outcome=Outcome.NOT_UNLAWFUL))
    assert made.role == StoredAssessment.Role.SENIOR
    with pytest.raises(OpinionsMissing, match="opposite"):
        confirm(senior, case)


def test_a_decision_may_not_say_the_opposite_of_the_assessment(case: Any, item: Item, reviewer: Any) -> None:
    assess(reviewer, case, item, FOUND)
    with pytest.raises(OpinionsMissing, match="opposite"):
        decide(reviewer, case, case.members.get().occurrence, Decision.Outcome.DISMISSED, reason="benign")


def test_who_answers_about_an_archive_may_look_inside_and_sees_nothing_of_the_first(
    case: Any, item: Item, reviewer: Any, second: Any, vault: Any, policy: Policy
) -> None:
    from callers import Caller, Present, passkey_of

    from safelight.media.inside import Inside, Member
    from safelight.server.ids import now
    from safelight.server.intake.record_keys import record_keys
    from safelight.server.review import inside, models

    policy(opinions="blind")
    vault.becomes(item, b"an archive", "application/zip")
    found = Inside((Member(("a.png",), (1,), "image/png", 10),), ())
    models.Inside.objects.create(
        item=item,
        members=record_keys().seal_content("inside", item.pk, inside._to_json(found)),
        needed={"1": "picture"},
        unseen=False,
    )
    shown = {"level": 4, "member": "1", "longest": 30.0, "pages": 1, "whole": True, "seconds": 9}
    models.Viewing.objects.create(
        person=reviewer.person, case=case, item=item, shown_at=now(), ended_at=now(), **shown
    )
    assess(reviewer, case, item, FOUND)
    take_next(second)
    caller = Caller("a reviewer", roles=(Role.REVIEWER,), second_factor=True)
    pages = [
        Present(caller, person=one.person, factor=passkey_of(one.person))
        .client()
        .get(f"/review/cases/{case.pk}/items/{item.pk}/inside/")
        for one in (reviewer, second)
    ]
    first, blind = (page.content.decode() for page in pages)
    assert "you viewed it whole" in first
    assert "you viewed it whole" not in blind
    assert "you have looked at 0" in blind
    assert 'href="/opinions/"' in blind
    assert f'/cases/{case.pk}/"' not in blind
