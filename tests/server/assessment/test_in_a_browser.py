"""A whole case by the keyboard alone, and a second person who is blind, in a real browser."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from safelight.assessment import axes
from safelight.server.assessment.models import Opinion, StoredAssessment
from safelight.server.assessment.services import assess
from safelight.server.cases.handling import take
from safelight.server.cases.models import Decision
from safelight.server.people.roles import Role

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.browser]
Make = Callable[..., Any]
WORDS = "lascivious exhibition without activity"


@pytest.fixture
def opened(
    committing_db: None, workspace_setting: Make, monkeypatch: pytest.MonkeyPatch, keys: Any
) -> Iterator[Callable[[Any], Page]]:
    """A page of somebody who is signed in; nothing may go wrong on it."""
    from browsing import PATIENCE, browser_of_debian, serving
    from django.db import connection
    from django.test import Client

    # Playwright's own event loop runs in this thread, which asks for nothing of Django's async safety.
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    complaints: list[str] = []
    contexts: list[BrowserContext] = []
    with serving() as port, browser_of_debian() as browser:
        workspace_setting(port=port)

        def page_of(person: Any) -> Page:
            client = Client()
            client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
            context = browser.new_context(base_url=f"http://localhost:{port}", reduced_motion="reduce")
            context.set_default_timeout(PATIENCE)
            value = client.cookies["sessionid"].value
            context.add_cookies([{"name": "sessionid", "value": value, "url": f"http://localhost:{port}"}])
            contexts.append(context)
            page = context.new_page()
            page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            return page

        yield page_of
        for context in contexts:
            context.close()
        # While Playwright's loop runs, this thread has a connection apart, which would outlive the database.
        connection.close()
    assert not complaints


def told(page: Page, words: str) -> None:
    expect(page.locator(".messages")).to_contain_text(words)


def test_a_whole_case_by_the_keyboard_alone(opened: Make, arrive: Make, person_with: Make) -> None:
    from walking import faults

    person = person_with(Role.REVIEWER)
    arrive()
    arrive()
    page = opened(person)
    keys, address = page.keyboard, page.evaluate
    page.goto("/cases/")
    keys.press("n")
    page.wait_for_url("**/cases/*-*/")
    told(page, "This case is yours now.")
    keys.press("a")
    page.wait_for_url("**/items/*/")
    assert faults(page) == []
    keys.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("choose this answer")
    assert faults(page) == []
    keys.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    keys.press("a")
    for digit in "1133131110":  # one a question; the last leaves a real child unknown
        keys.press(digit)
    assert address("document.activeElement.name") == "origin_basis"
    keys.press("Escape")
    keys.press("s")
    told(page, "Your assessment is kept.")
    stored = StoredAssessment.objects.get()
    assert stored.told() == axes.read(
        {
            "outcome": "unlawful", "certainty": "certain", "severity": "exhibition", "age": "7-10",
            "number": "one", "sex": "both", "appearance": "realistic", "origin": "captured",
            "origin_certainty": "certain", "real_child": "undetermined",
        }
    )  # fmt: skip
    expect(page.locator("form.assessing")).to_contain_text("A2: prepubescent, lascivious exhibition")
    keys.press("r")
    keys.type("The list says so, and I agree.")
    keys.press("Escape")
    keys.press("y")
    page.wait_for_url("**/stack/")
    assert faults(page) == []
    keys.press("y")
    page.wait_for_url("**/cases/*-*/")
    told(page, "The same is decided about all of them.")
    expect(page.get_by_role("heading", level=1)).to_contain_text("decided")
    expect(page.locator("main")).to_contain_text(WORDS)
    assert faults(page) == []
    assert set(Decision.objects.values_list("outcome", "basis")) == {("confirmed", "hash_confirmed")}
    assert Decision.objects.count() == 2


def test_a_second_person_is_blind_and_a_senior_settles_it(
    opened: Make, arrive: Make, person_with: Make, actor_with: Make, policy: Make
) -> None:
    from walking import faults

    policy(opinions="blind")
    first = actor_with(Role.REVIEWER)
    case = take(first, arrive().membership.case)
    item = case.members.get().occurrence.item
    answers = {"outcome": "unlawful", "severity": "exhibition", "age": "7-10"}
    assess(first, case, item, axes.read(answers), note="a first note")
    page = opened(person_with(Role.REVIEWER))
    page.goto("/opinions/")
    assert faults(page) == []
    received: list[str] = []
    page.on("response", lambda answer: received.append(answer.text()) if answer.ok else None)
    page.keyboard.press("n")
    page.wait_for_url("**/opinions/*-*/")
    assert faults(page) == []
    checked = page.locator("input:checked").evaluate_all("inputs => inputs.map(input => input.value)")
    assert set(checked) == {"undetermined"}
    page.wait_for_load_state("networkidle")
    everything = "".join(received)
    for trace in ("a first note", str(first.person), "What others found", str(case.pk)[:8] + "-first"):
        assert trace not in everything
    page.keyboard.press("a")
    for digit in "1135":
        page.keyboard.press(digit)
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    told(page, "a senior decides")
    senior = opened(person_with(Role.SENIOR_REVIEWER))
    senior.goto("/opinions/")
    senior.keyboard.press("n")
    senior.wait_for_url("**/opinions/*-*/")
    expect(senior.locator("main")).to_contain_text("What others found")
    assert faults(senior) == []
    assert list(Opinion.objects.order_by("turn").values_list("kind", "state")) == [
        ("blind", "given"), ("senior", "taken"),
    ]  # fmt: skip


def test_a_golden_item_is_looked_at_and_answered_like_an_opinion_and_told_apart_after(
    opened: Make,
    arrive: Make,
    person_with: Make,
    actor_with: Make,
    policy: Make,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from pictures import draw, encode
    from walking import faults

    from safelight.media.sandbox.client import Sandbox
    from safelight.server.assessment import golden
    from safelight.server.assessment.golden_file import GoldenPicture
    from safelight.server.people.actors import SystemActor
    from safelight.server.review import contents
    from safelight.server.review.models import Viewing

    policy(opinions="blind")
    first, lead = actor_with(Role.REVIEWER), actor_with(Role.LEAD)
    case = take(first, arrive().membership.case)
    item = case.members.get().occurrence.item
    assess(first, case, item, axes.read({"outcome": "unlawful", "severity": "exhibition", "age": "7-10"}))
    content, told_of = encode(draw(400, 300), "PNG"), {"outcome": "not_unlawful", "severity": "none"}
    golden.load(
        SystemActor("terminal"), GoldenPicture("a", content, "image/png", told_of, "These are shapes.")
    )
    golden.set_rate(lead, golden.MOST_PERCENT)
    monkeypatch.setattr(golden.secrets, "randbelow", lambda _most: 0)
    with Sandbox(accept_partial=True) as sandbox:
        monkeypatch.setattr(contents, "_sandbox", sandbox)
        page = opened(person_with(Role.REVIEWER))
        received: list[str] = []
        page.on("response", lambda answer: received.append(answer.url))
        page.goto("/opinions/")
        page.keyboard.press("n")
        page.wait_for_url("**/opinions/*-*/")
        assert "golden" not in page.content().lower()
        canvas = page.locator("[data-screen] canvas")
        assert canvas.count() == 0
        for level in ("1", "3"):
            page.get_by_label("Why, from level 3 on").fill("for a test")
            page.keyboard.press("Tab")
            page.keyboard.press(level)
            expect(canvas).to_have_attribute("aria-label", re.compile(f"^{level}"))
        assert faults(page) == []
        page.keyboard.press("Escape")
        expect(canvas).to_have_count(0)
    assert len({url for url in received if "/review/renderings/" in url}) == 2
    page.keyboard.press("a")
    for answer in ("not_unlawful", "other_indecent"):
        page.locator(f"input[value={answer}]").check()
    page.locator("h1").click()
    page.keyboard.press("s")
    expect(page.locator("main")).to_contain_text("That was for training")
    expect(page.locator("main")).to_contain_text("These are shapes.")
    assert faults(page) == []
    # It is nowhere among what is real: no view, no answer, and what waits still waits.
    assert not Viewing.objects.exists()
    assert StoredAssessment.objects.count() == 1
    assert Opinion.objects.get().state == "waiting"
    page.goto("/opinions/")
    page.keyboard.press("n")
    page.wait_for_url(f"**/opinions/{Opinion.objects.get().pk}/")


def test_two_reviewers_race_for_a_case(opened: Make, arrive: Make, person_with: Make) -> None:
    arrive()
    pages = [opened(person_with(Role.REVIEWER)) for _ in range(2)]
    for page in pages:
        page.goto("/cases/")
        expect(page.get_by_role("button", name="Take the next case")).to_be_visible()
    # Both forms were loaded while nobody had it.
    for page in pages:
        page.get_by_role("button", name="Take", exact=False).nth(1).click()
        page.wait_for_load_state()
    told(pages[0], "This case is yours now.")
    told(pages[1], "Somebody else took this case a moment ago. Take the next one.")
