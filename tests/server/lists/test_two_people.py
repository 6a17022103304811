"""What silences, and what our own people list, takes two, a reason and a review date: by every way in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from conformance import entries, entry, found, pdq

from safelight.lists import Added, HashListInfo
from safelight.types import ListClass, ListEntry, Signal

GOOD = ListEntry("good", "g1", Signal("sha256", "12" * 31 + "7e"))


def review() -> Any:
    from safelight.server.ids import now

    return now() + timedelta(days=90)


@pytest.fixture
def lists(store: Any, manager: Any) -> Any:
    from safelight.server.lists import services

    services.make_list(manager, "good", ListClass.KNOWN_GOOD)
    services.make_list(manager, "ours", ListClass.CSAM, own=True)
    services.make_list(manager, "a", ListClass.CSAM, source="a hotline")
    return services


def propose(lists: Any, manager: Any, name: str = "good", *offered: ListEntry) -> Any:
    return lists.add_entries(
        manager, name, offered or [GOOD], reason="a stock photograph", review_at=review()
    )


@pytest.mark.parametrize("name", ["good", "ours", "a"])
def test_what_a_person_adds_is_not_found_before_another_approved(
    lists: Any, store: Any, manager: Any, second_manager: Any, name: str
) -> None:
    from safelight.server.people.models import Proposal
    from safelight.server.people.proposals import approve

    proposal = propose(lists, manager, name, *entries([1, 2], name))
    assert isinstance(proposal, Proposal)
    assert found(store, 1) == [[]]
    assert lists.one_list(manager, name).proposed == 2
    approve(second_manager, proposal.pk)
    assert found(store, 1, 2) == [[(name, "key 1")], [(name, "key 2")]]
    assert lists.one_list(manager, name).proposed == 0
    assert len(lists.one_list(manager, name).review_dates) == 1


def test_who_proposed_cannot_approve(lists: Any, store: Any, manager: Any) -> None:
    from safelight.server.people.errors import SecondPersonNeeded
    from safelight.server.people.proposals import approve

    proposal = propose(lists, manager)
    with pytest.raises(SecondPersonNeeded):
        approve(manager, proposal.pk)
    assert store.find([GOOD.signal]) == ((),)


@pytest.mark.parametrize(("reason", "days"), [("", 90), ("why", None), ("why", -1), ("why", 5000)])
def test_without_a_reason_or_a_review_date_nothing_is_proposed(
    lists: Any, manager: Any, reason: str, days: int | None
) -> None:
    from safelight.server.ids import now
    from safelight.server.lists.errors import ReasonNeeded
    from safelight.server.lists.models import WaitingEntry

    review_at = None if days is None else now() + timedelta(days=days)
    with pytest.raises(ReasonNeeded):
        lists.add_entries(manager, "good", [GOOD], reason=reason, review_at=review_at)
    assert not WaitingEntry.objects.exists()


@pytest.mark.parametrize("name", ["good", "ours"])
def test_the_store_itself_refuses_what_leaves_the_second_person_out(
    lists: Any, store: Any, name: str
) -> None:
    from safelight.server.lists.errors import TwoPeopleNeeded

    with pytest.raises(TwoPeopleNeeded):
        store.add(entries([1], name))
    assert store.add(entries([1], "a")) == Added(added=1)


@pytest.mark.parametrize("process", ["terminal", "jobs"])
def test_a_command_or_an_exchange_can_only_keep_them_waiting(
    lists: Any, store: Any, manager: Any, second_manager: Any, process: str
) -> None:
    from safelight.server.people.actors import SystemActor
    from safelight.server.people.proposals import approve

    taken = lists.add_entries(SystemActor(process), "ours", entries(range(3), "ours"))
    assert (taken.waiting, taken.added) == (3, Added())
    assert found(store, 1) == [[]]
    (waiting,) = lists.waiting_batches(manager)
    assert (waiting.entries, waiting.kind) == (3, "proposed")
    proposal = lists.propose_batch(manager, waiting.id, "from our cases", review())
    approve(second_manager, proposal.pk)
    assert found(store, 1) == [[("ours", "key 1")]]


def test_a_source_lists_without_people(lists: Any, store: Any) -> None:
    from safelight.server.people.actors import SystemActor

    taken = lists.add_entries(SystemActor("jobs"), "a", entries(range(3)))
    assert taken.added == Added(added=3)


def test_a_refused_batch_can_be_discarded(lists: Any, store: Any, manager: Any, second_manager: Any) -> None:
    from safelight.server.lists.errors import NotWaiting
    from safelight.server.people.proposals import approve, refuse

    proposal = propose(lists, manager)
    refuse(second_manager, proposal.pk, "it is not one")
    assert lists.discard_batch(manager, proposal.subject, reason="refused") == 1
    with pytest.raises(NotWaiting):
        lists.discard_batch(manager, proposal.subject, reason="refused")
    again = propose(lists, manager)
    lists.discard_batch(manager, again.subject, reason="a mistake")
    with pytest.raises(NotWaiting):
        approve(second_manager, again.pk)


def test_large_batches_are_admitted_by_a_job_batch_by_batch(
    lists: Any, store: Any, manager: Any, second_manager: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safelight.server.jobs.models import Job
    from safelight.server.lists import two_people, waiting
    from safelight.server.lists.models import WaitingBatch
    from safelight.server.people.proposals import approve

    monkeypatch.setattr(two_people, "AT_ONCE", 2)
    monkeypatch.setattr(waiting, "BATCH", 3)
    proposal = propose(lists, manager, "ours", *entries(range(7), "ours"))
    approve(second_manager, proposal.pk)
    assert store.get("ours").entries == 0
    job = Job.objects.get(kind="lists.admit")
    batch = WaitingBatch.objects.get(pk=job.payload["batch"])
    sizes = []
    while (added := waiting.admit_some(batch)) is not None:
        sizes.append(added.added)
    assert sizes == [3, 3, 1]
    assert store.get("ours").entries == 7


def test_a_local_known_good_list_is_searched_once_two_people_admit_it(
    lists: Any, store: Any, manager: Any, second_manager: Any
) -> None:
    from safelight.server.lists.models import HashList
    from safelight.server.people.proposals import approve

    HashList.objects.filter(name="good").update(admitted=False)
    proposal = lists.admit_list(manager, "good", reason="ours since 2024", review_at=review())
    assert store.get("good").enabled is False
    approve(second_manager, proposal.pk)
    assert store.get("good").enabled is True


@pytest.mark.parametrize(
    ("type_", "value", "why"),
    [
        ("pdq", "00" * 32, "placeholder"),
        ("pdq", "ff" * 32, "placeholder"),
        ("pdq", "00" * 31 + "3f", "near_constant"),
        ("pdq", "ff" * 30 + "0000", "near_constant"),
        ("md5", "d41d8cd98f00b204e9800998ecf8427e", "placeholder"),
        ("sha1", "0" * 39 + "1", "near_constant"),
    ],
)
def test_degenerate_hashes_are_set_apart_and_seen_with_the_reason(
    lists: Any, store: Any, manager: Any, type_: str, value: str, why: str
) -> None:
    from safelight.server.people.actors import SystemActor

    bad = ListEntry("a", "bad", Signal(type_, value))
    taken = lists.add_entries(SystemActor("jobs"), "a", [bad, entry(1)])
    assert (taken.added.added, taken.quarantined) == (1, 1)
    assert store.find([bad.signal]) == ((),)
    (waiting,) = lists.waiting_batches(manager, "a")
    assert (waiting.kind, waiting.why, waiting.keys) == ("quarantine", {why: 1}, ("bad",))
    assert lists.one_list(manager, "a").quarantined == 1
    # The next sync offers it again; it is not set apart twice.
    assert lists.add_entries(SystemActor("jobs"), "a", [bad]).quarantined == 0


def test_two_people_release_what_was_set_apart(
    lists: Any, store: Any, manager: Any, second_manager: Any
) -> None:
    from safelight.server.people.actors import SystemActor
    from safelight.server.people.proposals import approve

    bad = ListEntry("a", "bad", Signal("pdq", "00" * 31 + "3f"))
    lists.add_entries(SystemActor("jobs"), "a", [bad])
    (waiting,) = lists.waiting_batches(manager, "a")
    proposal = lists.propose_batch(manager, waiting.id, "the hotline confirms it", review())
    approve(second_manager, proposal.pk)
    assert [one.key for one in store.find([bad.signal])[0]] == ["bad"]


def test_a_real_hash_is_not_set_apart() -> None:
    from safelight.server.lists.screening import unfit

    assert [unfit("pdq", bytes.fromhex(pdq(n))) for n in range(2000)] == [None] * 2000
    assert unfit("md5", bytes.fromhex("ab" * 16)) is None


def test_a_passed_review_date_holds_the_list_until_it_was_reviewed(
    lists: Any, store: Any, manager: Any, second_manager: Any
) -> None:
    from safelight.server.ids import clock_at, now
    from safelight.server.lists.keeping_watch import watch_reviews
    from safelight.server.people.proposals import approve

    approve(second_manager, propose(lists, manager).pk)
    assert watch_reviews() == 0
    later = now() + timedelta(days=91)
    with clock_at(lambda: later):
        assert watch_reviews() == 1
        assert store.get("good").held is True  # so it silences nothing
        assert lists.one_list(manager, "good").held_reason == "review_overdue"
        lists.review_list(manager, "good", reason="looked at all", review_at=later + timedelta(days=90))
        assert (watch_reviews(), store.get("good").held) == (0, False)


def test_a_demo_holds_lists_of_class_test_only(store: Any, manager: Any) -> None:
    from safelight.server.lists import services
    from safelight.server.lists.errors import ClassNotAllowed
    from safelight.server.people.models import WorkspaceMark

    WorkspaceMark.objects.create(demo=True)
    with pytest.raises(ClassNotAllowed):
        services.make_list(manager, "x", ListClass.CSAM)
    assert services.make_list(manager, "t", ListClass.TEST).list_class is ListClass.TEST


def test_only_who_may_change_lists_does(lists: Any, actor_with: Any) -> None:
    from safelight.server.people.permissions import PermissionDenied
    from safelight.server.people.roles import Role

    reviewer = actor_with(Role.REVIEWER)
    assert {one.name for one in lists.all_lists(reviewer)} == {"a", "good", "ours"}
    for act in (
        lambda: lists.make_list(reviewer, "x", ListClass.CSAM),
        lambda: lists.change_list(reviewer, "a", reason="r", shadow=True),
        lambda: lists.add_entries(reviewer, "a", [entry(1)], reason="r", review_at=review()),
        lambda: lists.withdraw_entries(reviewer, "a", ["key 1"], reason="r"),
        lambda: lists.remove_list(reviewer, "a", reason="r"),
        lambda: lists.recheck_preview(reviewer, "a", "key 1"),
        lambda: lists.recheck_start(reviewer, "a", reason="r"),
    ):
        with pytest.raises(PermissionDenied):
            act()


def test_settings_change_with_a_reason(lists: Any, store: Any, manager: Any) -> None:
    from safelight.server.lists.errors import ClassNotAllowed, ReasonNeeded

    with pytest.raises(ReasonNeeded):
        lists.change_list(manager, "a", reason=" ", shadow=True)
    after = lists.change_list(
        manager, "a", reason="r", distance=20, sharing_terms="not on", categories={"CGI": "ai_csam"}
    )
    assert (after.distance, after.sharing_terms) == (20, "not on")
    assert after.categories == {"CGI": ListClass.AI_CSAM}
    for class_ in ("known_good", "test", "nonsense"):
        with pytest.raises(ClassNotAllowed):
            lists.change_list(manager, "a", reason="r", categories={"x": class_})


def test_a_mapped_classification_counts_as_its_class(lists: Any, store: Any, manager: Any) -> None:
    from safelight.matching.matcher import Matcher
    from safelight.matching.memory_index import MemoryIndexes
    from safelight.server.people.actors import SystemActor

    lists.change_list(manager, "a", reason="r", categories={"CGI": "ai_csam"})
    digest = Signal("md5", "ab" * 16)
    lists.add_entries(SystemActor("jobs"), "a", [ListEntry("a", "k", digest, "CGI")])
    store.hold_entry("a", "k", "too_many_hits")
    store.create(HashListInfo("near", ListClass.CSAM))

    class NoIndex:
        def ensure(self, _stamp: Any) -> None: ...
        def exact(self, _type: str) -> None:
            return None

        def hamming(self, _type: str) -> Any:
            return MemoryIndexes.__new__(MemoryIndexes)

    matcher = Matcher(store, NoIndex())  # type: ignore[arg-type]
    matcher._near = lambda *_: False  # type: ignore[method-assign]
    (match,) = matcher.match([digest]).matches
    assert (match.list_class, match.held) == (ListClass.AI_CSAM, True)


def test_no_value_is_in_what_is_shown_or_logged(
    lists: Any, store: Any, manager: Any, caplog: pytest.LogCaptureFixture
) -> None:
    from safelight.server.ledger.models import LedgerPayload
    from safelight.server.people.models import Proposal

    propose(lists, manager, "ours", entry(1, "ours"))
    shown = repr(lists.all_lists(manager)) + repr(lists.waiting_batches(manager)) + caplog.text
    shown += repr([proposal.detail for proposal in Proposal.objects.all()])
    shown += repr([bytes(payload.body) for payload in LedgerPayload.objects.all()])
    assert pdq(1) not in shown
    assert pdq(1)[:16] not in shown


def test_a_source_that_calls_entries_by_their_hashes_is_understood_and_not_repeated(
    lists: Any, store: Any, manager: Any
) -> None:
    from safelight.server.people.actors import SystemActor

    lists.add_entries(SystemActor("jobs"), "a", [entry(1, key=pdq(1).upper())])
    ((stored,),) = store.find([entry(1).signal])
    assert stored.key.startswith("auto-")
    assert lists.withdraw_entries(manager, "a", [pdq(1)], reason="the source withdrew it") == 1
    assert found(store, 1) == [[]]
