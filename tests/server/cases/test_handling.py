"""Who has a case, how it changes hands, what is noted in it, and what puts it on top."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from safelight.errors import UsageError
from safelight.server.cases import handling
from safelight.server.cases.errors import AlreadyTaken, CaseError, CaseFinished, ReasonNeeded
from safelight.server.cases.handling import (
    assign,
    clear_imminent_danger,
    comment,
    earlier_cases,
    merge,
    pass_on,
    release_strays,
    set_imminent_danger,
    split,
    take,
)
from safelight.server.cases.models import Case, CaseAccount, Comment
from safelight.server.cases.queue import next_case, waiting
from safelight.server.cases.reading import facts, read_words
from safelight.server.intake.models import Occurrence
from safelight.server.ledger.models import LedgerRow
from safelight.server.people.credentials import suspend
from safelight.server.people.permissions import PermissionDenied
from safelight.server.people.roles import Role

Make = Callable[..., Any]
DB = pytest.mark.usefixtures("db")


def events() -> list[str]:
    return list(
        LedgerRow.objects.filter(event__startswith="case.").order_by("at").values_list("event", flat=True)
    )


@pytest.fixture
def case(arrive: Make) -> Case:
    return Case.objects.get(members__occurrence=arrive())


@DB
def test_a_case_is_taken_worked_on_and_passed_on_without_a_reason(case: Case, actor_with: Make) -> None:
    reviewer = actor_with(Role.REVIEWER)
    assert next_case(reviewer).id == case.pk
    take(reviewer, case)
    take(reviewer, case)
    assert Case.objects.get().assigned_to == reviewer.person
    assert next_case(reviewer) is None
    pass_on(reviewer, case)
    pass_on(reviewer, case)
    assert Case.objects.get().assigned_to is None
    assert next_case(reviewer) is None  # it is not offered to them again
    assert next_case(actor_with(Role.REVIEWER)).id == case.pk
    take(reviewer, case)  # but who asks for it gets it
    assert events() == ["case.opened", "case.taken", "case.passed_on", "case.taken"]


@DB
def test_passing_on_works_whatever_became_of_the_persons_roles(case: Case, actor_with: Make) -> None:
    reviewer = actor_with(Role.REVIEWER)
    take(reviewer, case)
    suspend(actor_with(Role.ADMINISTRATOR), reviewer.person, "left")
    pass_on(reviewer, case)
    assert Case.objects.get().assigned_to is None


@DB
def test_nobody_passes_on_what_is_anothers(case: Case, actor_with: Make) -> None:
    reviewer = actor_with(Role.REVIEWER)
    take(reviewer, case)
    pass_on(actor_with(Role.REVIEWER), case)
    assert Case.objects.get().assigned_to == reviewer.person


@DB
def test_what_another_has_is_not_taken_and_they_are_told_kindly(case: Case, actor_with: Make) -> None:
    take(actor_with(Role.REVIEWER), case)
    with pytest.raises(AlreadyTaken, match="Take the next one"):
        take(actor_with(Role.SENIOR_REVIEWER), case)


@DB
def test_a_lead_assigns_to_who_reviews_and_back_to_the_queue(case: Case, actor_with: Make) -> None:
    lead, reviewer = actor_with(Role.LEAD), actor_with(Role.REVIEWER)
    assert assign(lead, case, reviewer.person).assigned_to == reviewer.person
    with pytest.raises(CaseError):
        assign(lead, case, actor_with(Role.LIST_MANAGER).person)
    with pytest.raises(CaseError):
        assign(lead, case, lead.person)
    assert assign(lead, case, None).assigned_to is None
    with pytest.raises(PermissionDenied):
        assign(reviewer, case, reviewer.person)


@DB
def test_cases_of_who_may_not_work_any_more_go_back_to_the_queue(case: Case, actor_with: Make) -> None:
    reviewer = actor_with(Role.REVIEWER)
    take(reviewer, case)
    assert release_strays() == 0
    suspend(actor_with(Role.ADMINISTRATOR), reviewer.person, "left")
    assert release_strays() == 1
    assert Case.objects.get().assigned_to is None


@DB
def test_a_comment_is_sealed_and_read_by_who_may_read_the_case(case: Case, actor_with: Make) -> None:
    reviewer = actor_with(Role.REVIEWER)
    take(reviewer, case)
    comment(reviewer, case, " the owner wrote to us ")
    assert b"owner" not in bytes(Comment.objects.get().text)
    [told] = facts(actor_with(Role.LEAD), case).comments
    assert (told.person, told.text) == (reviewer.person.pk, "the owner wrote to us")
    for bad in ("", "  ", "x" * 10_001, "\ud800"):
        with pytest.raises(CaseError):
            comment(reviewer, case, bad)
    with pytest.raises(PermissionDenied):
        comment(actor_with(Role.REVIEWER), case, "not mine")


@DB
def test_imminent_danger_is_one_act_goes_on_top_and_alerts_once(
    arrive: Make, actor_with: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(handling, "raise_alarm", lambda kind, **more: told.append((kind, more["subject"])))
    arrive("u1", b"1")
    low = Case.objects.get(members__occurrence=arrive("u2", b"2"))
    Case.objects.filter(pk=low.pk).update(priority=0)
    reviewer, lead = actor_with(Role.REVIEWER), actor_with(Role.LEAD)
    set_imminent_danger(reviewer, low)
    set_imminent_danger(reviewer, low)
    assert told == [("imminent_danger", low.pk)]
    assert waiting(lead).items[0].id == low.pk
    with pytest.raises(ReasonNeeded):
        clear_imminent_danger(lead, low, " ")
    with pytest.raises(PermissionDenied):
        clear_imminent_danger(reviewer, low, "no")
    clear_imminent_danger(lead, low, "the police were there")
    assert waiting(lead).items[-1].id == low.pk


@DB
def test_who_has_a_case_sees_its_facts_and_the_earlier_ones_of_the_account(
    arrive: Make, settle: Make, actor_with: Make
) -> None:
    finished = settle(arrive(content=b"1"), "confirmed")
    later = Case.objects.get(members__occurrence=arrive(content=b"2"))
    reviewer, other = actor_with(Role.REVIEWER), actor_with(Role.REVIEWER)
    take(reviewer, later)
    [earlier] = earlier_cases(reviewer, later)
    assert (earlier.id, earlier.state, earlier.occurrences) == (finished.pk, Case.State.FINISHED, 1)
    known = facts(reviewer, later)
    assert [account.platform_id for account in known.accounts] == ["u1"]
    [member] = known.members
    assert (member.outcome, member.decision, member.matches[0].list) == ("match", None, "a list")
    assert member.matches[0].exact
    assert not hasattr(member.matches[0], "value")
    for refused in (earlier_cases, facts):
        with pytest.raises(PermissionDenied):
            refused(other, later)


@DB
def test_the_facts_of_a_large_case_come_in_pages(arrive: Make, actor_with: Make) -> None:
    sent = [arrive(content=f"{number}".encode()).pk for number in range(5)]
    case, lead = Case.objects.get(), actor_with(Role.LEAD)
    assert facts(lead, case).more is None
    shown, after = [], None
    while True:
        page = facts(lead, case, limit=2, after=after)
        shown += [member.occurrence for member in page.members]
        if (after := page.more) is None:
            break
    assert shown == sent
    with pytest.raises(UsageError):
        facts(lead, case, after="nowhere")


@DB
def test_a_text_is_read_by_who_has_the_case_and_that_is_written_down(
    sender: Make, keys: Any, actor_with: Make
) -> None:
    from safelight.server.intake.services import receive_text

    received = receive_text(sender(), "a sentence that was sent")
    case, occurrence = Case.objects.get(), Occurrence.objects.get(pk=received.occurrence_id)
    reviewer = actor_with(Role.REVIEWER)
    with pytest.raises(PermissionDenied):
        read_words(reviewer, case, occurrence)
    take(reviewer, case)
    assert read_words(reviewer, case, occurrence) == "a sentence that was sent"
    assert LedgerRow.objects.filter(event="occurrence.words_read").count() == 1
    with pytest.raises(PermissionDenied):
        read_words(actor_with(Role.LEAD), case, occurrence)


@DB
def test_a_finished_case_is_handled_no_more(arrive: Make, settle: Make, actor_with: Make) -> None:
    finished = settle(arrive(), "confirmed")
    person, lead = finished.assigned_to, actor_with(Role.LEAD)
    reviewer = actor_with(Role.SENIOR_REVIEWER)
    from safelight.server.people.actors import PersonActor

    owner = PersonActor(person, "a session", True)
    before = Case.objects.filter(pk=finished.pk).values().get()
    other = Case.objects.get(members__occurrence=arrive("u2", b"2"))
    for act in (
        lambda: take(reviewer, finished),
        lambda: assign(lead, finished, reviewer.person),
        lambda: pass_on(owner, finished),
        lambda: comment(owner, finished, "late"),
        lambda: set_imminent_danger(owner, finished),
        lambda: merge(owner, other, finished),
        lambda: merge(owner, finished, other),
        lambda: split(owner, finished, []),
    ):
        with pytest.raises((CaseFinished, PermissionDenied)):
            act()
    assert Case.objects.filter(pk=finished.pk).values().get() == before


@DB
def test_every_act_is_in_the_ledger_and_says_nothing_of_content(
    arrive: Make, sender: Make, actor_with: Make, keys: Any
) -> None:
    from safelight.server.cases.complaints import answer_complaint, complain
    from safelight.server.cases.decisions import decide, supersede
    from safelight.server.cases.events import Event
    from safelight.server.cases.services import finish, set_role
    from safelight.server.intake.services import receive_text
    from safelight.server.ledger.models import LedgerPayload

    lead, senior, reviewer = (actor_with(role) for role in (Role.LEAD, Role.SENIOR_REVIEWER, Role.REVIEWER))
    first, second = arrive("u1", b"1"), arrive("u1", b"2")
    into, other = Case.objects.get(), Case.objects.get(members__occurrence=arrive("u2", b"3"))
    assign(lead, into, reviewer.person)
    take(reviewer, other)
    pass_on(reviewer, other)
    take(reviewer, other)
    comment(reviewer, into, "a secret note")
    set_imminent_danger(reviewer, into)
    clear_imminent_danger(lead, into, "all is well")
    kept = merge(reviewer, into, other)
    split(reviewer, kept, [second])
    set_role(reviewer, kept, first.account, CaseAccount.Role.RECIPIENT, "told so")
    for member in kept.members.all():
        supersede(
            reviewer, decide(reviewer, kept, member.occurrence, "confirmed"), "dismissed", "looked again"
        )
    finish(reviewer, kept)
    made = complain(actor_with(Role.REPORTER), first, "a secret complaint")
    answer_complaint(senior, made, upheld=False, answer="a secret answer")
    words = receive_text(sender(), "a secret text")
    take(reviewer, Case.objects.get(pk=words.case_id))
    read_words(reviewer, Case.objects.get(pk=words.case_id), Occurrence.objects.get(pk=words.occurrence_id))
    written = set(LedgerRow.objects.values_list("event", flat=True))
    assert {event.value for event in Event} <= written
    payloads = b"".join(bytes(body) for body in LedgerPayload.objects.values_list("body", flat=True) if body)
    assert b"secret" not in payloads


ACTS: dict[str, tuple[Callable[[Any, Case], Any], set[Role]]] = {
    "take": (take, {Role.REVIEWER, Role.SENIOR_REVIEWER}),
    "assign": (lambda actor, case: assign(actor, case, None), {Role.LEAD}),
    "set_imminent_danger": (
        set_imminent_danger,
        {Role.REVIEWER, Role.SENIOR_REVIEWER, Role.REPORTER, Role.LEAD},
    ),
    "comment": (
        lambda actor, case: comment(actor, case, "a note"),
        {Role.SENIOR_REVIEWER, Role.REPORTER, Role.LEAD, Role.AUDITOR},
    ),
    "facts": (facts, {Role.SENIOR_REVIEWER, Role.REPORTER, Role.LEAD, Role.AUDITOR}),
    "waiting": (
        lambda actor, _case: waiting(actor),
        {Role.REVIEWER, Role.SENIOR_REVIEWER, Role.REPORTER, Role.LEAD, Role.AUDITOR},
    ),
    "next_case": (lambda actor, _case: next_case(actor), {Role.REVIEWER, Role.SENIOR_REVIEWER}),
}


@DB
@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("act", ACTS)
def test_who_may_do_what_with_a_case_that_nobody_has(
    case: Case, actor_with: Make, act: str, role: Role
) -> None:
    does, allowed = ACTS[act]
    try:
        does(actor_with(role), case)
    except PermissionDenied:
        assert role not in allowed
    else:
        assert role in allowed


@pytest.mark.usefixtures("committing_db")
def test_of_two_who_take_a_case_at_once_one_has_it_and_the_other_is_told(
    arrive: Make, actor_with: Make
) -> None:
    for number in range(8):
        case = Case.objects.get(members__occurrence=arrive(f"u{number}", b"1"))
        reviewers = [actor_with(Role.REVIEWER) for _ in range(3)]
        together = Barrier(len(reviewers))

        def one(actor: Any, case: Case = case, together: Barrier = together) -> Any:
            try:
                together.wait()
                return take(actor, case)
            except AlreadyTaken as refused:
                return refused
            finally:
                connection.close()

        with ThreadPoolExecutor(3) as pool:
            told = list(pool.map(one, reviewers))
        assert sum(isinstance(answer, AlreadyTaken) for answer in told) == 2
        assert Case.objects.get(pk=case.pk).assigned_to in {actor.person for actor in reviewers}
    assert LedgerRow.objects.filter(event="case.taken").count() == 8
