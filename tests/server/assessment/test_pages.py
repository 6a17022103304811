"""The pages: a file assessed and decided, equal files confirmed, opinions given, and blind ones blind."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from safelight.assessment import axes
from safelight.assessment.axes import AgeBand, Certainty, Outcome, Severity
from safelight.server.assessment import pages
from safelight.server.assessment.models import CaseRead, Opinion, Spread, StoredAssessment
from safelight.server.assessment.opinions import take_next
from safelight.server.assessment.services import assess, current
from safelight.server.cases.models import Case, Decision
from safelight.server.intake.models import Item
from safelight.server.people.roles import Role
from safelight.types import Signal

pytestmark = pytest.mark.usefixtures("db")
Make = Callable[..., Any]
ANSWERS = {"outcome": "unlawful", "severity": "exhibition", "age": "7-10", "certainty": "certain"}


@pytest.fixture
def browser(browser_of: Make, reviewer: Any) -> Client:
    made: Client = browser_of(reviewer.person)
    return made


def address(case: Case, item: Item, more: str = "") -> str:
    return f"/cases/{case.pk}/items/{item.pk}/{more}"


def test_a_file_is_assessed_and_confirmed_and_equal_ones_follow(
    case: Case, item: Item, browser: Client, arrive: Make
) -> None:
    arrive()
    page = browser.get(address(case, item)).content.decode()
    assert "Everything is undetermined until you say otherwise" in page
    assert page.count('value="undetermined"') == page.count('value="undetermined" data-digit="0" checked')
    kept = browser.post(address(case, item), {**ANSWERS, "act": "save", "note": "a lamp"})
    assert kept["Location"] == address(case, item)
    assert current(case, item) == axes.read(ANSWERS)
    assert "a lamp" in browser.get(address(case, item)).content.decode()
    decided = browser.post(address(case, item), {**ANSWERS, "act": "confirm", "note": "a lamp"})
    assert StoredAssessment.objects.count() == 1
    assert decided["Location"] == address(case, item, "stack/")
    page = browser.get(decided["Location"]).content.decode()
    sent = {
        "spread": re.findall(r'name="spread" value="([^"]+)"', page)[0],
        "place": re.findall(r'name="place" value="([^"]+)"', page),
    }
    assert browser.post(decided["Location"], sent)["Location"] == f"/cases/{case.pk}/"
    assert browser.post(decided["Location"], sent)["Location"] == f"/cases/{case.pk}/"
    assert Decision.objects.count() == 2
    assert Spread.objects.count() == 1
    shown = browser.get(f"/cases/{case.pk}/").content.decode()
    assert "lascivious exhibition without activity" in shown
    assert "A2" in shown


@pytest.mark.parametrize("act", ["dismiss", "escalate", "ask", "hold"])
def test_whatever_is_no_confirmation_says_why(case: Case, item: Item, browser: Client, act: str) -> None:
    refused = browser.post(address(case, item), {"act": act, "note": "kept while it is refused"})
    assert refused.status_code == 400
    assert "Say why" in refused.content.decode()
    assert "kept while it is refused" in refused.content.decode()
    assert browser.post(address(case, item), {"act": act, "reason": "a cat"}).status_code == 302
    case.refresh_from_db()
    assert case.state == ("decided" if act == "dismiss" else "open")


def test_of_very_many_equal_places_some_are_listed_at_a_time(
    case: Case, item: Item, browser: Client, arrive: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "MOST_AT_ONCE", 1)
    first, second = sorted(str(arrive().pk) for _ in range(2))
    stack = browser.post(address(case, item), {**ANSWERS, "act": "confirm"})["Location"]

    def listed(address: str) -> list[str]:
        return re.findall(r'name="place" value="([^"]+)"', browser.get(address).content.decode())

    assert listed(stack) == [first]
    assert f'href="?after={first}"' in browser.get(stack).content.decode()
    assert listed(f"{stack}?after={first}") == [second]
    assert "There are more of them" not in browser.get(f"{stack}?after={first}").content.decode()
    # Once those are decided, the others are listed by themselves.
    spread = re.findall(r'name="spread" value="([^"]+)"', browser.get(stack).content.decode())[0]
    assert browser.post(stack, {"spread": spread, "place": [first]})["Location"] == stack
    assert listed(stack) == [second]


def test_answers_that_contradict_each_other_are_refused_with_why(
    case: Case, item: Item, browser: Client
) -> None:
    refused = browser.post(address(case, item), {"act": "save", "outcome": "unlawful", "age": "adult"})
    assert refused.status_code == 400
    assert "The youngest is an adult" in refused.content.decode()
    assert not StoredAssessment.objects.exists()


def test_a_code_that_does_not_follow_is_asked_for(case: Case, item: Item, browser: Client) -> None:
    told = {**ANSWERS, "age": "11-13", "act": "save"}
    page = browser.post(address(case, item), told, follow=True).content.decode()
    assert "no code follows from the answers" in page
    assert "Category C" in page
    browser.post(address(case, item), {**told, "code_industry": "B2"})
    assert StoredAssessment.objects.get(superseded_by=None).codes["industry"]["code"] == "B2"


def test_a_decision_is_decided_anew_and_a_dismissed_case_finished(
    case: Case, item: Item, browser: Client
) -> None:
    browser.post(address(case, item), {"act": "confirm"})
    browser.post(f"/cases/{case.pk}/finish/")
    case.refresh_from_db()
    assert case.state == "decided"  # it is not reported
    browser.post(address(case, item), {"act": "dismiss", "reason": "looked again"})
    assert Decision.objects.count() == 2
    browser.post(f"/cases/{case.pk}/finish/")
    case.refresh_from_db()
    assert case.state == "finished"


def test_a_near_picture_is_decided_as_the_first_once_it_was_shown(
    case: Case, item: Item, browser: Client, arrive: Make, keys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safelight.server.assessment import stacks

    close = arrive(content=b"nearly the same").item
    for number, one in enumerate((item, close)):
        seen = keys.open_observation(one.pk, one.observation)
        value = f"{int('6ad5c1b3' * 8, 16) ^ number:064x}"
        signals = (*seen.observation.signals, Signal("pdq", value, 100))
        changed = replace(seen, observation=replace(seen.observation, signals=signals))
        one.observation = keys.seal_observation(one.pk, changed)
        one.save()
    decided = browser.post(address(case, item), {**ANSWERS, "act": "confirm"})
    assert decided["Location"] == address(case, close)
    assert "1 of 256 bits differ" in browser.get(address(case, close)).content.decode()
    refused = browser.post(address(case, close, "same/"), follow=True).content.decode()
    assert "Look at this file first" in refused
    monkeypatch.setattr(stacks, "was_shown", lambda *_: True)
    assert browser.post(address(case, close, "same/"))["Location"] == f"/cases/{case.pk}/"
    assert Decision.objects.get(occurrence__item=close).basis == "shown_near"


def test_the_case_is_finished_only_where_it_may_be(case: Case, item: Item, browser: Client) -> None:
    browser.post(address(case, item), {"act": "confirm"})
    assert f"/cases/{case.pk}/finish/" not in browser.get(f"/cases/{case.pk}/").content.decode()
    browser.post(address(case, item), {"act": "dismiss", "reason": "looked again"})
    assert f"/cases/{case.pk}/finish/" in browser.get(f"/cases/{case.pk}/").content.decode()


def test_nobody_assesses_in_a_case_of_somebody_else(
    case: Case, item: Item, browser_of: Make, second: Any, senior: Any
) -> None:
    for other in (second, senior):
        client = browser_of(other.person)
        assert client.get(address(case, item)).status_code == 403
        assert client.post(address(case, item), {"act": "confirm"}).status_code == 403
    assert not Decision.objects.exists()


def _opinion_page(client: Client, opinion: Opinion) -> tuple[str, list[str]]:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        page = client.get(f"/opinions/{opinion.pk}/").content.decode()
    page = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", page)
    return page, [re.sub(r"'[^']*'|[0-9a-f]{32}", "?", query["sql"]) for query in asked.captured_queries]


def test_blind_is_blind(
    case: Case, item: Item, reviewer: Any, second: Any, policy: Make, browser_of: Make
) -> None:
    """Whatever the first person said, the page is byte for byte the same, and asks the database the same."""
    policy(opinions="blind")
    first = axes.Assessment(outcome=Outcome.UNLAWFUL, severity=Severity.EXHIBITION, age=AgeBand.AGE_7_10)
    assess(reviewer, case, item, first, note="a first note")
    opinion = take_next(second)
    assert opinion is not None
    client = browser_of(second.person)
    _opinion_page(client, opinion)  # once, so that nothing is loaded for the first time below
    before = _opinion_page(client, opinion)
    other = axes.Assessment(
        outcome=Outcome.NOT_UNLAWFUL, severity=Severity.NONE, age=AgeBand.ADULT, certainty=Certainty.CERTAIN
    )
    assess(reviewer, case, item, other, note="quite another, and much longer, note " * 50)
    assert _opinion_page(client, opinion) == before
    assert not any("assessment_storedassessment" in query for query in before[1])
    assert str(reviewer.person) not in before[0]
    # And the case, where it could be read, is closed to them until they have answered.
    assert client.get(f"/cases/{case.pk}/").status_code in (302, 403)


def test_a_senior_with_a_blind_opinion_is_led_from_the_case_to_it(
    case: Case, item: Item, reviewer: Any, senior: Any, policy: Make, browser_of: Make
) -> None:
    policy(opinions="blind")
    assess(reviewer, case, item, axes.read(ANSWERS))
    client = browser_of(senior.person)
    opinion = take_next(senior)
    assert opinion is not None
    assert client.get(f"/cases/{case.pk}/")["Location"] == f"/opinions/{opinion.pk}/"
    client.post(f"/opinions/{opinion.pk}/", {**ANSWERS, "note": ""})
    assert "lascivious exhibition" in client.get(f"/cases/{case.pk}/").content.decode()


def test_a_senior_who_reads_the_case_sees_no_answer_and_is_not_asked(
    case: Case, item: Item, reviewer: Any, senior: Any, policy: Make, browser_of: Make
) -> None:
    policy(opinions="blind")
    assess(reviewer, case, item, axes.read(ANSWERS))
    page = browser_of(senior.person).get(f"/cases/{case.pk}/").content.decode()
    assert "lascivious exhibition" not in page
    assert CaseRead.objects.filter(person=senior.person).exists()
    assert take_next(senior) is None


def test_a_second_person_who_may_see_the_first_answer_sees_it(
    case: Case, item: Item, reviewer: Any, second: Any, policy: Make, browser_of: Make
) -> None:
    policy(opinions="second")
    assess(reviewer, case, item, axes.read(ANSWERS))
    client = browser_of(second.person)
    page = client.post("/opinions/next/", follow=True).content.decode()
    assert "What others found" in page
    assert "lascivious exhibition without activity</dd>" in page
    opinion = Opinion.objects.get()
    told = client.post(f"/opinions/{opinion.pk}/", {**ANSWERS, "age": "14-15"}, follow=True)
    assert "a senior decides" in told.content.decode()
    assert client.get(f"/opinions/{opinion.pk}/").status_code == 404


def test_an_opinion_is_left_to_somebody_else(
    case: Case, item: Item, reviewer: Any, second: Any, policy: Make, browser_of: Make
) -> None:
    policy(opinions="blind")
    assess(reviewer, case, item, axes.read(ANSWERS))
    client = browser_of(second.person)
    client.post("/opinions/next/")
    opinion = Opinion.objects.get()
    client.post(f"/opinions/{opinion.pk}/back/")
    opinion.refresh_from_db()
    assert opinion.state == "waiting"
    assert client.post("/opinions/next/")["Location"] == "/opinions/"


def test_texts_are_decided_on_the_page_of_the_case(
    reviewer: Any, browser: Client, sender: Make, keys: Any
) -> None:
    from safelight.server.cases.handling import take
    from safelight.server.intake.context import Context
    from safelight.server.intake.models import Occurrence
    from safelight.server.intake.services import receive_text

    receive_text(sender(), "words", Context(account="u1"))
    place = Occurrence.objects.get()
    case = take(reviewer, place.membership.case)
    assert "Decide" in browser.get(f"/cases/{case.pk}/").content.decode()
    browser.post(f"/cases/{case.pk}/places/{place.pk}/decide/", {"act": "dismiss", "reason": "harmless"})
    browser.post(f"/cases/{case.pk}/places/{place.pk}/decide/", {"act": "confirm", "reason": "after all"})
    assert list(Decision.objects.order_by("decided_at").values_list("outcome", flat=True)) == [
        "dismissed", "confirmed",
    ]  # fmt: skip


def test_pages_of_leads_and_list_managers_open(browser_of: Make, person_with: Make) -> None:
    client = browser_of(person_with(Role.LEAD))
    for path in ("/agreement/", "/corrections/"):
        assert client.get(path).status_code == 200
    assert browser_of(person_with(Role.LIST_MANAGER)).get("/suggestions/").status_code == 200


@pytest.mark.parametrize(("act", "words"), [("uphold", "is being undone"), ("reject", "It stands")])
def test_a_complaint_without_words_is_answered_neutrally(
    act: str, words: str, case: Case, item: Item, browser: Client, senior: Any, browser_of: Make
) -> None:
    from safelight.server.cases.complaints import complain, words_of
    from safelight.server.cases.models import Complaint

    browser.post(address(case, item), {"act": "dismiss", "reason": "a cat"})
    complain(senior, case.members.get().occurrence, "Why?")
    client = browser_of(senior.person)
    client.post(f"/complaints/{Complaint.objects.get().pk}/", {"act": act})
    said = words_of(senior, Complaint.objects.get())[1]
    assert words in said
    assert "list" not in said
    assert client.get("/corrections/").status_code == 200
