"""The order of the queue, and that it is walked along an index, page by page, while it changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safelight.errors import UsageError
from safelight.server.cases.models import Case
from safelight.server.cases.queue import decided, next_case, own_cases, waiting
from safelight.server.config import Priority
from safelight.server.ids import new_id, now
from safelight.server.intake.models import Intake
from safelight.server.intake.priorities import priority_of
from safelight.server.people.actors import PersonActor
from safelight.server.people.roles import Role
from safelight.types import ListClass, Match, Outcome, Signal, Verdict

pytestmark = pytest.mark.usefixtures("db")
Make = Callable[..., Any]


def cases(*told: tuple[int, bool]) -> None:
    Case.objects.bulk_create(
        Case(id=new_id(), priority=priority, imminent_danger=danger, opened_at=now())
        for priority, danger in told
    )


def walk(actor: PersonActor, limit: int) -> list[Any]:
    found, after = [], None
    while True:
        page = waiting(actor, limit=limit, after=after)
        found += page.items
        assert len(page.items) <= limit
        if (after := page.after) is None:
            return found


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    told=st.lists(st.tuples(st.sampled_from([0, 50, 80, 100]), st.booleans()), max_size=12),
    limit=st.integers(1, 5),
)
def test_danger_first_then_priority_then_who_waited_longest_whatever_the_page(
    told: list[tuple[int, bool]], limit: int, actor_with: Make
) -> None:
    Case.objects.all().delete()
    cases(*told)
    found = walk(actor_with(Role.LEAD), limit)
    assert len(found) == len(told)
    key = [(not case.imminent_danger, -case.priority, case.id.hex) for case in found]
    assert key == sorted(key)


def test_a_page_begins_where_the_last_one_ended_while_cases_come_and_go(actor_with: Make) -> None:
    lead = actor_with(Role.LEAD)
    cases(*[(50, False)] * 10)
    before = [case.id for case in walk(lead, 200)]
    first = waiting(lead, limit=4)
    cases((100, False), (100, True))
    Case.objects.filter(pk=before[0]).update(state="decided")
    Case.objects.filter(pk=before[5]).update(state="decided")
    second = waiting(lead, limit=200, after=first.after)
    assert [case.id for case in second.items] == [id_ for id_ in before[4:] if id_ != before[5]]


@pytest.mark.parametrize("after", ["", "x", "1.2", "0.50.zz", "2.50." + "0" * 32, "0.x." + "0" * 32])
def test_a_place_that_no_page_gave_is_refused(actor_with: Make, after: str) -> None:
    with pytest.raises(UsageError):
        waiting(actor_with(Role.LEAD), after=after)


@pytest.mark.parametrize("limit", [0, -1, 201])
def test_a_page_has_one_to_two_hundred(actor_with: Make, limit: int) -> None:
    with pytest.raises(UsageError):
        waiting(actor_with(Role.LEAD), limit=limit)


def test_a_reviewer_sees_what_nobody_has_and_their_own_and_a_lead_everything(actor_with: Make) -> None:
    mine, other, lead = actor_with(Role.REVIEWER), actor_with(Role.REVIEWER), actor_with(Role.LEAD)
    cases((50, False), (50, False), (50, False))
    free, own, theirs = Case.objects.order_by("pk")
    Case.objects.filter(pk=own.pk).update(assigned_to=mine.person)
    Case.objects.filter(pk=theirs.pk).update(assigned_to=other.person)
    assert {case.id for case in waiting(mine).items} == {free.pk, own.pk}
    assert {case.id for case in waiting(lead).items} == {free.pk, own.pk, theirs.pk}
    assert [case.id for case in own_cases(mine)] == [own.pk]
    assert next_case(mine).id == free.pk


def test_what_is_decided_is_finished_by_somebody_and_shown_until_then(actor_with: Make) -> None:
    cases((50, False), (50, False))
    Case.objects.filter(pk=Case.objects.order_by("pk")[0].pk).update(state="decided")
    shown, lead = Case.objects.get(state="decided").pk, actor_with(Role.LEAD)
    assert [case.id for case in decided(lead).items] == [shown]
    assert shown not in {case.id for case in waiting(lead).items}


def plan(sql: str) -> str:
    explain = "EXPLAIN " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN "
    with connection.cursor() as cursor:
        cursor.execute(explain + sql)
        return "\n".join(str(row) for row in cursor.fetchall())


@pytest.mark.parametrize("role", [Role.LEAD, Role.REVIEWER])
@pytest.mark.parametrize("deep", [False, True])
def test_at_ten_thousand_open_cases_a_page_is_a_walk_along_the_index_without_a_sort(
    actor_with: Make, role: Role, deep: bool
) -> None:
    cases(*[(number % 101, number % 500 == 0) for number in range(10_000)])
    Case.objects.filter(priority__lt=10).update(state="finished", finished_at=now() + timedelta(1))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    actor = actor_with(role)
    middle = Case.objects.filter(priority=40, imminent_danger=False).order_by("pk")[20]
    after = f"0.40.{middle.pk.hex}" if deep else None
    with CaptureQueriesContext(connection) as queries:
        page = waiting(actor, limit=50, after=after)
        first = next_case(actor) if role is Role.REVIEWER else None
    assert len(page.items) == 50
    assert first is None or first.imminent_danger
    ordered = [query["sql"] for query in queries if "ORDER BY" in query["sql"] and "LIMIT" in query["sql"]]
    walked = [sql for sql in ordered if 'FROM "cases_case"' in sql]
    assert walked
    for sql in walked:
        told = plan(sql)
        assert "the_queue" in told, told
        assert "sort" not in told.lower(), told
        assert "TEMP B-TREE" not in told, told


KINDS = list(Intake.Kind)
NUMBER = st.integers(0, 100)


@given(
    told=st.fixed_dictionaries({name: NUMBER for name in Priority.model_fields if name != "lists"}),
    kind=st.sampled_from(KINDS),
    outcome=st.sampled_from(list(Outcome)),
    named=st.dictionaries(st.sampled_from(["a", "b"]), NUMBER),
    matched=st.lists(
        st.tuples(st.sampled_from(["a", "b", "c"]), st.sampled_from(list(ListClass))), max_size=4
    ),
)
def test_priority_is_the_highest_that_speaks_for_it_and_more_evidence_never_lowers_it(
    told: dict[str, int], kind: Intake.Kind, outcome: Outcome, named: dict[str, int], matched: Any
) -> None:
    from django.conf import settings as django_settings

    before = django_settings.CONFIG
    django_settings.CONFIG = before.model_copy(update={"priority": Priority(**told, lists=named)})
    try:
        matches = [Match(Signal("pdq", "00"), name, class_, "e", distance=9) for name, class_ in matched]
        verdict = Verdict(outcome, "a rule")
        got = priority_of(kind, verdict, matches)
        assert told[kind.value] <= got <= 100
        for fewer in range(len(matches)):
            assert priority_of(kind, verdict, matches[:fewer]) <= got
        as_ai = [Match(m.signal, m.list, ListClass.AI_CSAM, m.entry_key, distance=9) for m in matches]
        as_captured = [Match(m.signal, m.list, ListClass.CSAM, m.entry_key, distance=9) for m in matches]
        assert priority_of(kind, verdict, as_ai) == priority_of(kind, verdict, as_captured) == got
    finally:
        django_settings.CONFIG = before
