"""Budgets and breaks: rows, so that no tab and no restart forgets them, and never in the way of writing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from safelight.media.rendering import Level
from safelight.server.cases.handling import comment, pass_on, set_imminent_danger
from safelight.server.cases.models import Case
from safelight.server.ids import now
from safelight.server.ledger.models import LedgerRow
from safelight.server.people.permissions import PermissionDenied
from safelight.server.people.roles import Role
from safelight.server.review import protections
from safelight.server.review.budgets import (
    Allowed,
    Break,
    Why,
    begin_due_breaks,
    day_began,
    finish_sentence,
    may_view,
    rest_now,
    set_budget,
    used,
)
from safelight.server.review.errors import OnBreak, ReviewError
from safelight.server.review.models import Budget, Rest, Viewing
from safelight.server.review.opening import open_viewing
from safelight.server.review.protections import Protections
from safelight.server.review.seen import heard

pytestmark = pytest.mark.usefixtures("db", "clock")


def viewed(actor: Any, case: Any, item: Any, clock: Any, *, level: int = 1, seconds: float = 60) -> None:
    """As it stands in the database after somebody looked."""
    began = now()
    clock.passes(seconds=seconds)
    Viewing.objects.create(
        person=actor.person, case=case, item=item, level=level, longest=600, opened_at=began, shown_at=began,
        ended_at=now(), seconds=seconds, charged=seconds,
    )  # fmt: skip


@pytest.fixture
def short(actor_with: Any) -> Any:
    """A break of ten minutes after five of looking."""
    lead = actor_with(Role.LEAD)
    asked = Protections(minutes_to_break=5, break_minutes=10, finish_minutes=3, cover_seconds=600)
    protections.set_organisation(lead, asked)
    return lead


def test_a_break_is_due_after_looking_and_ends_by_itself(
    own_case: Any, vault: Any, clock: Any, short: Any
) -> None:
    actor, case, item = own_case()
    viewed(actor, case, item, clock, seconds=200)
    standing = may_view(actor)
    assert standing == Allowed(break_in=pytest.approx(100))
    viewed(actor, case, item, clock, seconds=100)
    standing = may_view(actor)
    assert isinstance(standing, Break)
    assert standing.why is Why.BREAK
    with pytest.raises(OnBreak):
        open_viewing(actor, case, item, Level.TINY)
    assert Rest.objects.get().ends_at == now() + timedelta(minutes=10)
    clock.passes(minutes=9)
    with pytest.raises(OnBreak):
        open_viewing(actor, case, item, Level.TINY)
    clock.passes(minutes=2)
    assert isinstance(may_view(actor), Allowed)
    open_viewing(actor, case, item, Level.TINY)


def test_a_break_never_stops_writing_or_passing_on(own_case: Any, vault: Any, clock: Any, short: Any) -> None:
    actor, case, item = own_case()
    viewed(actor, case, item, clock, seconds=301)
    assert isinstance(may_view(actor), Break)
    comment(actor, case, "what I was about to say")
    pass_on(actor, case)


def test_a_break_can_be_put_off_once(own_case: Any, vault: Any, clock: Any, short: Any) -> None:
    actor, case, item = own_case()
    with pytest.raises(ReviewError):
        finish_sentence(actor)
    viewed(actor, case, item, clock, seconds=301)
    finish_sentence(actor)
    assert isinstance(may_view(actor), Allowed)
    open_viewing(actor, case, item, Level.TINY)
    with pytest.raises(ReviewError):
        finish_sentence(actor)
    clock.passes(minutes=3, seconds=1)
    standing = may_view(actor)
    assert isinstance(standing, Break)
    assert not standing.may_finish
    with pytest.raises(OnBreak):
        open_viewing(actor, case, item, Level.TINY)


def test_a_pause_as_long_as_a_break_is_one(own_case: Any, vault: Any, clock: Any, short: Any) -> None:
    actor, case, item = own_case()
    viewed(actor, case, item, clock, seconds=280)
    clock.passes(minutes=10)
    viewed(actor, case, item, clock, seconds=100)
    assert may_view(actor) == Allowed(break_in=pytest.approx(200))


def test_a_break_covers_what_is_open(own_case: Any, vault: Any, clock: Any, short: Any) -> None:
    actor, case, item = own_case()
    viewed(actor, case, item, clock, seconds=290)
    opened = open_viewing(actor, case, item, Level.TINY)
    Viewing.objects.filter(pk=opened.id).update(shown_at=now())
    clock.passes(seconds=5)
    assert heard(actor, opened.id, 5) == ""
    clock.passes(seconds=6)
    assert heard(actor, opened.id, 11)


def test_one_may_rest_whenever_one_wants(own_case: Any, vault: Any, clock: Any) -> None:
    actor, case, item = own_case()
    rest_now(actor)
    rest_now(actor)
    assert Rest.objects.count() == 1
    with pytest.raises(OnBreak):
        open_viewing(actor, case, item, Level.TINY)


@pytest.mark.parametrize("how", ["looking", "job", "own wish"])
def test_a_break_hands_danger_over_and_nothing_else(
    how: str, own_case: Any, vault: Any, clock: Any, short: Any
) -> None:
    actor, case, item = own_case()
    _actor, calm, _item = own_case(account="u2", actor=actor, content=b"another")
    set_imminent_danger(actor, case)
    viewed(actor, case, item, clock, seconds=301)
    if how == "looking":
        with pytest.raises(OnBreak):
            open_viewing(actor, case, item, Level.TINY)
    elif how == "job":
        assert begin_due_breaks() == 1
    else:
        rest_now(actor)
    case.refresh_from_db()
    calm.refresh_from_db()
    assert case.assigned_to is None
    assert case.imminent_danger
    assert not case.passed_on.exists()
    assert calm.assigned_to == actor.person
    assert LedgerRow.objects.filter(event="case.danger_handed_over").count() == 1


def test_a_break_that_was_put_off_hands_over_only_when_it_begins(
    own_case: Any, vault: Any, clock: Any, short: Any
) -> None:
    actor, case, item = own_case()
    set_imminent_danger(actor, case)
    viewed(actor, case, item, clock, seconds=301)
    finish_sentence(actor)
    begin_due_breaks()
    assert Case.objects.get(pk=case.pk).assigned_to == actor.person
    clock.passes(minutes=4)
    begin_due_breaks()
    assert Case.objects.get(pk=case.pk).assigned_to is None


@pytest.mark.parametrize(("per", "again"), [(Budget.Per.HOUR, 61 * 60), (Budget.Per.DAY, 13 * 3600)])
@pytest.mark.parametrize(("views", "minutes"), [(2, None), (None, 3)])
def test_a_budget_counts_its_level_and_those_above(
    per: Budget.Per, again: int, views: int | None, minutes: int | None, own_case: Any, vault: Any,
    clock: Any, actor_with: Any,
) -> None:  # fmt: skip
    actor, case, item = own_case()
    set_budget(actor_with(Role.LEAD), 3, per, views=views, minutes=minutes)
    viewed(actor, case, item, clock, level=3, seconds=120)
    viewed(actor, case, item, clock, level=1, seconds=120)
    open_viewing(actor, case, item, Level.GREY, reason="for a test")
    viewed_before = Viewing.objects.get(ended_at=None)
    viewed_before.delete()
    viewed(actor, case, item, clock, level=4, seconds=120)
    for level in (3, 4):
        with pytest.raises(OnBreak):
            open_viewing(actor, case, item, Level(level), reason="for a test")
    open_viewing(actor, case, item, Level.REDUCED)
    clock.passes(seconds=again)
    open_viewing(actor, case, item, Level.GREY, reason="for a test")


def test_what_was_opened_counts_before_it_is_shown(
    own_case: Any, vault: Any, clock: Any, actor_with: Any
) -> None:
    """Or many tabs at once could open more than the budget has."""
    actor, case, item = own_case()
    set_budget(actor_with(Role.LEAD), 1, Budget.Per.HOUR, views=1, minutes=None)
    open_viewing(actor, case, item, Level.TINY)
    with pytest.raises(OnBreak):
        open_viewing(actor, case, item, Level.TINY)


def test_budgets_are_set_by_leads_and_replaced(own_case: Any, vault: Any, actor_with: Any) -> None:
    actor, _case, _item = own_case()
    with pytest.raises(PermissionDenied):
        set_budget(actor, 3, Budget.Per.DAY, views=1, minutes=None)
    lead = actor_with(Role.LEAD)
    set_budget(lead, 3, Budget.Per.DAY, views=1, minutes=None)
    set_budget(lead, 3, Budget.Per.DAY, views=9, minutes=None)
    assert Budget.objects.get(replaced_at=None).views == 9
    set_budget(lead, 3, Budget.Per.DAY, views=None, minutes=None)
    assert not Budget.objects.filter(replaced_at=None).exists()


def test_the_day_begins_at_midnight_where_the_workspace_is(clock: Any, workspace_setting: Any) -> None:
    from safelight.server.config import Review

    workspace_setting(review=Review(time_zone="Asia/Tokyo"))
    assert now() - day_began(now()) == timedelta(hours=21)


def test_views_of_another_day_or_person_are_not_ones_own(
    own_case: Any, vault: Any, clock: Any, actor_with: Any
) -> None:
    actor, case, item = own_case()
    viewed(actor, case, item, clock)
    assert used(actor.person, since=day_began(now())).views == 1
    assert used(actor_with(Role.REVIEWER).person, since=day_began(now())).views == 0
    clock.passes(days=1)
    assert used(actor.person, since=day_began(now())).views == 0
