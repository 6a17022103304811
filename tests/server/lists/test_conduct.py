"""A list or an entry out of its range falls back to hold; a person restores it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from conformance import entry

from safelight.lists import HashListInfo
from safelight.types import ListClass, Match, Outcome, Signal

DIGEST = Signal("md5", "ab" * 16)


@pytest.fixture
def row(store: Any) -> Any:
    from safelight.server.lists.store import list_row

    store.create(HashListInfo("a", ListClass.CSAM))
    store.add([entry(number) for number in range(50)])
    return list_row("a")


@pytest.fixture
def occurrence(db: None) -> Callable[[], Any]:
    """Something that was seen, with the least that a row needs."""
    from safelight.server.ids import new_id
    from safelight.server.intake.models import Intake, Item, Occurrence

    def make() -> Any:
        intake = Intake.objects.create(kind=Intake.Kind.UPLOAD, outcome="match", rule="r")
        item = Item.objects.create(
            tag=new_id().bytes, digest=b"", size=1, kind="image", mime="", observation=b"", outcome="match"
        )
        return Occurrence.objects.create(intake=intake, item=item)

    return make


@pytest.fixture
def hit(occurrence: Callable[[], Any]) -> Callable[..., Any]:
    """An occurrence that an entry of the list matched, and what was decided about it."""
    from safelight.server.cases.models import Case, Decision
    from safelight.server.lists.hits import keep_hits
    from safelight.server.people.models import Person

    person = Person.objects.create_user("r@example.org")
    case = Case.objects.create()

    def make(key: str = "key 1", decided: str = "") -> Any:
        made = occurrence()
        keep_hits(made, [Match(DIGEST, "a", ListClass.CSAM, key)])
        if decided:
            Decision.objects.create(case=case, occurrence=made, outcome=decided, person=person, reason="r")
        return made

    return make


def scans(number: int) -> None:
    from safelight.server.intake.models import Intake

    Intake.objects.bulk_create(
        Intake(kind=Intake.Kind.UPLOAD, outcome=Outcome.CLEAR.value, rule="r") for _ in range(number)
    )


def judged(name: str = "a") -> tuple[int, str]:
    from safelight.server.lists.conduct import judge_lists
    from safelight.server.lists.store import list_row

    return judge_lists(), list_row(name).held_reason


def test_a_list_that_hits_too_much_falls_to_hold(row: Any, hit: Any, store: Any) -> None:
    scans(1000)
    for number in range(30):
        hit(f"key {number}")
    assert judged() == (1, "too_many_hits")
    assert (store.get("a").held, store.get("a").shadow) == (True, False)
    assert judged() == (0, "too_many_hits")


@pytest.mark.parametrize(("scanned", "hits"), [(500, 30), (1000, 19), (20_000, 30)])
def test_few_scans_few_hits_or_a_usual_share_are_no_fault(
    row: Any, hit: Any, scanned: int, hits: int
) -> None:
    scans(scanned)
    for number in range(hits):
        hit(f"key {number}")
    assert judged() == (0, "")


def test_one_entry_that_hits_too_much_is_held_alone(row: Any, hit: Any, store: Any, manager: Any) -> None:
    from safelight.server.lists import services

    services.change_list(manager, "a", reason="r", most_hits_percent=2.0)
    scans(1000)
    for _ in range(40):
        hit("key 7")
    from safelight.server.lists.models import HashList

    HashList.objects.update(most_hits_percent=2.0, held_reason="too_many_hits")  # the list fell before
    assert judged()[0] == 1
    ((stored,),) = store.find([entry(7).signal])
    ((other,),) = store.find([entry(8).signal])
    assert ("held" in stored.flags, "held" in other.flags) == (True, False)
    services.restore_entry(manager, "a", "key 7", reason="it is right")
    assert "held" not in store.find([entry(7).signal])[0][0].flags


def test_a_list_that_is_dismissed_too_often_falls_and_is_judged_anew_once_restored(
    row: Any, hit: Any, store: Any, manager: Any
) -> None:
    from safelight.server.lists import services

    for number in range(20):
        hit(f"key {number}", "dismissed" if number < 16 else "confirmed")
    assert judged() == (1, "too_many_dismissed")
    summary = services.one_list(manager, "a")
    assert (summary.held_reason, summary.precision.confirmed, summary.precision.dismissed) == (
        "too_many_dismissed",
        4,
        16,
    )
    assert services.restore_list(manager, "a", reason="the source mended it").held_reason == ""
    assert judged() == (0, "")
    assert store.get("a").held is False


def test_too_few_decisions_say_nothing(row: Any, hit: Any, manager: Any) -> None:
    from safelight.server.lists import services

    for number in range(15):
        hit(f"key {number}", "dismissed")
    assert judged() == (0, "")
    assert services.one_list(manager, "a").precision.known is False


def test_an_entry_that_is_always_dismissed_is_held(row: Any, hit: Any, store: Any) -> None:
    for _ in range(4):
        hit("key 3", "dismissed")
    assert judged()[0] == 0
    hit("key 3", "dismissed")
    assert judged() == (1, "")
    assert "held" in store.find([entry(3).signal])[0][0].flags
    assert judged()[0] == 0


def test_a_superseded_decision_does_not_count(row: Any, hit: Any, manager: Any) -> None:
    from safelight.server.cases.models import Decision
    from safelight.server.lists import services

    hit("key 1", "dismissed")
    first = Decision.objects.get()
    Decision.objects.create(
        case=first.case, occurrence=first.occurrence, outcome="confirmed", person=first.person,
        reason="r", supersedes=first,
    )  # fmt: skip
    precision = services.one_list(manager, "a").precision
    assert (precision.confirmed, precision.dismissed) == (1, 0)


def test_a_share_has_its_interval() -> None:
    from safelight.server.lists.summaries import Share

    low, high = Share(5, 5).interval
    assert (round(low, 2), round(high, 2)) == (0.57, 1.0)
    assert Share(0, 0).interval == (0.0, 1.0)


def test_an_overdue_source_is_stale_until_it_came(
    row: Any, store: Any, manager: Any, caplog: pytest.LogCaptureFixture
) -> None:
    from safelight.server.ids import clock_at, now
    from safelight.server.lists import services
    from safelight.server.lists.keeping_watch import watch_sources
    from safelight.server.people.actors import SystemActor

    services.change_list(manager, "a", reason="r", expected_hours=24)
    assert (watch_sources(), services.one_list(manager, "a").stale) == (0, False)
    later = now() + timedelta(hours=37)
    with clock_at(lambda: later):
        assert (watch_sources(), services.one_list(manager, "a").stale) == (1, True)
        assert "last brought in: never" in caplog.text
        services.synced(SystemActor("jobs"), "a")
        assert (watch_sources(), services.one_list(manager, "a").stale) == (0, False)
