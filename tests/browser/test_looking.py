"""A reviewer looks at files in real Chromium: every byte that the browser gets is kept and decoded."""

from __future__ import annotations

import io
import json
import math
import re
import wave
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from browsing import PATIENCE
from PIL import Image, UnidentifiedImageError
from playwright.sync_api import Browser, BrowserContext, Page, Request, Route, expect
from serving import wait_until
from walking import faults

BAND = 22
GUTTER = 4
SAMPLES = {1: 32, 2: 128}
"""By level: samples of the longer side."""
NO_PICTURES = re.compile(r"^(text/html|text/css|text/javascript|application/json|image/svg\+xml)\b")


@dataclass
class Got:
    """What the browser asked for and, where it is recorded, got, in order."""

    levels: list[int] = field(default_factory=list)
    members: list[str] = field(default_factory=list)
    fetched: int = 0
    renderings: list[tuple[int, bytes]] = field(default_factory=list)
    segments: list[tuple[int, dict[str, Any], bytes]] = field(default_factory=list)
    others: list[tuple[str, str, bytes]] = field(default_factory=list)

    def asked(self, request: Request) -> None:
        self.fetched += "/review/renderings/" in request.url
        if request.method == "POST" and "/review/cases/" in request.url:
            said = parse_qs(request.post_data or "")
            if "level" in said:
                self.levels.append(int(said["level"][0]))
                self.members += said.get("member", [])

    def record(self, route: Route) -> None:
        """Keep every byte of an answer before the browser gets it."""
        answer = route.fetch(max_redirects=0)
        kind, content = answer.headers.get("content-type", ""), answer.body()
        if "/review/renderings/" in route.request.url and answer.ok:
            assert "no-store" in answer.headers["cache-control"]
            self.renderings.append((self.levels[-1], content))
        elif "/review/segments/" in route.request.url and answer.ok:
            assert "no-store" in answer.headers["cache-control"]
            told = json.loads(answer.headers["safelight-segment"])
            self.segments.append((self.levels[-1], told, content))
        elif content:
            self.others.append((urlsplit(route.request.url).path, kind, content))
        route.fulfill(response=answer)


@pytest.fixture
def got() -> Got:
    return Got()


@pytest.fixture
def context(chromium: Browser, sam: dict[str, Any], got: Got) -> Iterator[BrowserContext]:
    made = chromium.new_context(
        storage_state=sam, reduced_motion="reduce", viewport={"width": 1280, "height": 900}
    )
    made.set_default_timeout(PATIENCE)
    made.on("request", got.asked)
    yield made
    made.close()


@pytest.fixture
def case(
    demo: Any, context: BrowserContext, got: Got, chromium: Browser, sam: dict[str, Any]
) -> Iterator[Page]:
    """A case with pictures."""
    with case_of("cobalt-66", demo, context, chromium, sam) as page:
        yield page


@pytest.fixture
def film(demo: Any, context: BrowserContext, chromium: Browser, sam: dict[str, Any]) -> Iterator[Page]:
    """A case with a video that a list nearly matches."""
    with case_of("juniper-5", demo, context, chromium, sam) as page:
        yield page


@pytest.fixture
def tune(demo: Any, context: BrowserContext, chromium: Browser, sam: dict[str, Any]) -> Iterator[Page]:
    """A case with a sound that is listed."""
    with case_of("linden-3", demo, context, chromium, sam) as page:
        yield page


@pytest.fixture
def page_of(
    demo: Any, context: BrowserContext, chromium: Browser, sam: dict[str, Any]
) -> Iterator[Callable[[str], Page]]:
    """The case of an account, as it is asked for."""
    with ExitStack() as cases:
        yield lambda account: cases.enter_context(case_of(account, demo, context, chromium, sam))


@contextmanager
def case_of(
    account: str, demo: Any, context: BrowserContext, chromium: Browser, sam: dict[str, Any]
) -> Iterator[Page]:
    """A case, assigned; given back at the end, so that other tests find the demo as it was."""
    page = context.new_page()
    found = page.locator(".queue tbody th a")
    queue = f"{demo.address}/cases/?account={account}"
    wait_until("a case of the account", lambda: page.goto(queue) and found.count())
    found.first.click()
    page.wait_for_url("**/cases/*-*/")
    assign(page, "Sam Okafor")
    address = page.url
    yield page
    # The session of a test may have ended; the fixture's has not.
    made = chromium.new_context(storage_state=sam)
    back = made.new_page()
    back.goto(address)
    assign(back, "Mika Tanabe")
    made.close()


def assign(page: Page, name: str) -> None:
    """The lead gives the case to somebody."""
    page.get_by_label("To", exact=True).select_option(label=name)
    page.get_by_role("button", name="Assign").click()
    expect(page.get_by_text("Assigned.")).to_be_visible()
    page.wait_for_load_state()  # until its scripts listen, a key that is pressed is lost


def canvas(page: Page) -> Any:
    return page.locator("[data-screen] canvas")


def look(page: Page, level: int) -> None:
    """By key, as reviewers do."""
    if level >= 3:
        page.get_by_label("Why, from level 3 on").first.fill("for a test")
        page.keyboard.press("Tab")
    page.keyboard.press(str(level))
    expect(canvas(page)).to_have_attribute("aria-label", re.compile(f"^{level}"))
    expect(page.get_by_role("button", name="The next page")).to_have_count(0)  # one page: nothing to turn


def test_no_byte_above_the_level_asked_for(case: Page, got: Got, context: BrowserContext) -> None:
    context.route("**/*", got.record)
    case.reload()
    for level in (1, 2, 3, 4):
        look(case, level)
    case.keyboard.press("0")
    expect(canvas(case)).to_have_count(0)
    assert [level for level, _content in got.renderings] == [1, 2, 3, 4]
    nothing_above_its_level(got)
    full = Image.open(io.BytesIO(got.renderings[2][1]))
    assert detail_beyond(full, SAMPLES[1]) > 6  # the measure tells them apart
    nothing_else_is_a_picture(got)


def test_inside_an_archive_each_file_is_shown_as_it_was_asked_for(
    page_of: Callable[[str], Page], got: Got, context: BrowserContext
) -> None:
    page = page_of("maple-417")
    context.route("**/*", got.record)
    page.get_by_role("button", name="What is inside").click()
    page.wait_for_url("**/inside/")
    # Facts: what there is, and no name before somebody asks for it.
    expect(page.get_by_text("4 files")).to_be_visible()
    expect(page.get_by_text("!pictures/rocket.q80.jpg")).to_be_hidden()
    expect(page.get_by_role("button", name="listen")).to_be_hidden()  # it is a picture
    assert (got.levels, got.renderings) == ([], [])
    assert faults(page) == []
    page.locator("tbody summary").first.click()
    expect(page.get_by_text("!pictures/rocket.q80.jpg")).to_be_visible()
    for level in (1, 2, 3, 4):
        look(page, level)
    page.wait_for_timeout(1_200)
    for _member in ("2.1", "2.2"):
        page.keyboard.press(".")
        expect(canvas(page)).to_have_count(0)
        for level in (1, 3):
            look(page, level)
        page.wait_for_timeout(1_200)
    with page.expect_response("**/review/viewings/**"):
        page.keyboard.press("0")
    assert got.members == ["1"] * 4 + ["2.1"] * 2 + ["2.2"] * 2
    assert [level for level, _content in got.renderings] == [1, 2, 3, 4, 1, 3, 1, 3]
    nothing_above_its_level(got)
    nothing_else_is_a_picture(got)
    page.reload()
    expect(page.get_by_text("all 3 of its parts at level 3 or 4; you have looked at 3")).to_be_visible()
    expect(page.get_by_text("viewed whole", exact=True)).to_be_visible()
    page.keyboard.press("u")
    page.wait_for_url(re.compile(r"/cases/[^/]+/$"))


@pytest.mark.parametrize(("account", "parts"), [("heron-88", 2), ("aspen-12", 9)])
def test_a_document_and_an_animation_come_on_sheets_and_pages(
    account: str, parts: int, page_of: Callable[[str], Page], got: Got, context: BrowserContext
) -> None:
    page = page_of(account)
    context.route("**/*", got.record)
    page.reload()
    many = page.locator("article", has_text="application/pdf" if parts == 2 else "image/gif")
    why = many.get_by_label("Why, from level 3 on")
    why.fill("for a test")
    for level in (1, 2, 3, 4):
        many.locator(f"button[name=level][value='{level}']").click()
        expect(canvas(page)).to_have_attribute("aria-label", re.compile(f"^{level}"))
        if level == 3:
            page.keyboard.press("]")
            expect(canvas(page)).to_have_attribute("aria-label", re.compile("2 / 2$"))
    page.keyboard.press("0")
    assert [level for level, _content in got.renderings] == [1, 2, 3, 3, 4]
    nothing_above_its_level(got, parts)
    nothing_else_is_a_picture(got)


def test_of_a_model_file_nothing_is_ever_sent_that_could_be_seen_or_heard(
    page_of: Callable[[str], Page], got: Got, context: BrowserContext
) -> None:
    page = page_of("cobalt-66")
    context.route("**/*", got.record)
    page.reload()
    model = page.locator("article", has_text="numbers and no pictures")
    expect(model).to_have_count(1)
    assert model.locator("[data-look], .look-ask, canvas, button[name=level]").count() == 0
    found = re.search(r"items?/([0-9a-f-]{36})", model.inner_html())
    assert found is not None
    another = page.locator("[data-open]").first.get_attribute("data-open") or ""
    address = re.sub(r"[0-9a-f-]{36}/$", f"{found[1]}/", another)
    asked = [{"level": str(level)} for level in (1, 2, 3, 4)]
    asked += [{"level": "3", "play": of, "from": "0"} for of in ("picture", "sound")]
    asked += [{"level": "1", "member": "1"}]
    for said in asked:
        assert page.evaluate(ASK, [address, said]) == [409, "application/json"], said
    for route in ("loudness/", "inside/"):
        status, kind = page.evaluate(ASK, [address + route, {}])
        assert (status, kind) in ((422, "application/json"), (200, "text/html; charset=utf-8")), route
    assert (got.renderings, got.segments) == ([], [])
    nothing_else_is_a_picture(got)


ASK = """async ([address, said]) => {
  const csrfmiddlewaretoken = document.querySelector('[name=csrfmiddlewaretoken]').value;
  const body = new URLSearchParams({ ...said, reason: 'for a test', csrfmiddlewaretoken });
  const answer = await fetch(address, { method: 'POST', body });
  await answer.arrayBuffer();
  return [answer.status, answer.headers.get('Content-Type')];
}"""


def test_a_video_plays_what_was_asked_for_and_counts_once_it_was_watched(
    film: Page, got: Got, context: BrowserContext
) -> None:
    context.route("**/*", got.record)
    film.reload()
    look(film, 1)
    film.keyboard.press("0")
    # Whatever happens before it plays stops it, and so does a window in front of it while it does.
    film.keyboard.press("v")
    film.keyboard.press("Escape")
    play(film, 4, begins=2)
    film.evaluate("window.dispatchEvent(new Event('blur'))")
    expect(canvas(film)).to_have_count(0)
    stopped = len(got.segments)
    play(film, 3, begins=0)
    expect(film.locator("[data-says]").first).to_have_text("Played to its end.", timeout=60_000)
    expect(canvas(film)).to_have_count(0)
    assert {level for level, _told, _content in got.segments[:stopped]} == {4}
    assert [told["begins"] for level, told, _content in got.segments if level == 3] == [0, 4]
    assert film.locator("video, audio").count() == 0
    for level, told, content in got.segments:
        sheet = Image.open(io.BytesIO(content))
        assert sheet.mode == ("RGB" if level == 4 else "L")
        assert len(told["moments"]) <= 20
        assert told["ends"] - told["begins"] <= 4
        assert told["width"] <= 720
    assert {level for level, _content in got.renderings} == {1}
    nothing_else_is_a_picture(got)
    film.reload()
    expect(film.get_by_text("viewed whole")).to_be_visible()
    assert faults(film) == []


def test_a_sound_is_heard_only_when_asked_for_and_never_loud(
    tune: Page, got: Got, context: BrowserContext
) -> None:
    context.route("**/*", got.record)
    tune.reload()
    tune.get_by_role("button", name="waveform").click()
    expect(tune.get_by_role("img", name="Waveform, 0:06")).to_be_visible()
    assert (got.levels, got.segments) == ([], [])
    tune.get_by_label("Why, from level 3 on").fill("for a test")
    says = tune.locator("[data-says]")
    tune.get_by_role("button", name="listen").click()
    expect(says).to_contain_text("Played 0:0", timeout=60_000)
    tune.evaluate("window.dispatchEvent(new Event('blur'))")
    expect(says).to_have_text("")
    stopped = len(got.segments)
    tune.get_by_label("from second").fill("0")
    tune.get_by_role("button", name="listen").click()
    expect(says).to_have_text("Played to its end.", timeout=60_000)
    begun = [told["begins"] for _level, told, _content in got.segments[stopped:]]
    # What was asked for before the stop may still have come after it.
    assert (begun[-2:], begun[:-2]) in (([0, 4], []), ([0, 4], [4]))
    for level, told, content in got.segments:
        assert (level, told["ends"] - told["begins"] <= 4) == (3, True)
        with wave.open(io.BytesIO(content)) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        assert 0 < np.abs(samples.astype(int)).max() <= 32768 / 4
    assert got.renderings == []
    nothing_else_is_a_picture(got)
    assert tune.locator("video, audio").count() == 0
    tune.reload()
    expect(tune.get_by_text("viewed whole")).to_be_visible()
    assert faults(tune) == []


def play(page: Page, level: int, *, begins: int) -> None:
    """By button, from a second on; returns once it plays."""
    page.get_by_label("Why, from level 3 on").first.fill("near match: same or not")
    page.get_by_label("from second").first.fill(str(begins))
    page.get_by_role("button", name=f"play, {level}").click()
    expect(canvas(page)).to_have_attribute("aria-label", str(level))
    expect(page.locator("[data-says]").first).to_contain_text("Played 0:0")


def nothing_above_its_level(got: Got, parts: int = 1) -> None:
    """Of every rendering: no more samples than its level has for so many pictures, no metadata."""
    columns = min(3, math.ceil(math.sqrt(parts)))
    for level, content in got.renderings:
        picture = Image.open(io.BytesIO(content))
        assert picture.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert picture.mode == ("RGB" if level == 4 else "L")
        if level in SAMPLES:
            samples = columns * SAMPLES[level] + (columns - 1) * GUTTER
            assert detail_beyond(picture, samples) < 6, level


def nothing_else_is_a_picture(got: Got) -> None:
    """Of all that the browser got beside what it asked to be shown."""
    for path, kind, content in got.others:
        assert NO_PICTURES.match(kind), path
        assert not is_picture(content) or kind.startswith("image/svg"), path
        assert b"data:image" not in content, path


def detail_beyond(picture: Image.Image, samples: int) -> float:
    """How far a picture is from what so many samples of its longer side can tell; 0-255, the mean."""
    seen = picture.convert("L").crop((0, 0, picture.width, picture.height - BAND))
    columns = np.asarray(seen).max(axis=0) > 24  # a narrow picture stands on a wider band
    left, right = int(np.argmax(columns)), len(columns) - int(np.argmax(columns[::-1]))
    seen = seen.crop((left, 0, right, seen.height))
    longest = max(seen.size)
    small = seen.resize(
        tuple(max(1, round(side * samples / longest)) for side in seen.size), Image.Resampling.BOX
    )
    again = np.asarray(small.resize(seen.size, Image.Resampling.BICUBIC), float)
    return float(np.abs(np.asarray(seen, float) - again).mean())


def is_picture(content: bytes) -> bool:
    try:
        Image.open(io.BytesIO(content))
    except (UnidentifiedImageError, OSError):
        return False
    return True


def test_the_page_opens_on_facts_and_a_high_level_is_not_the_first(case: Page, got: Got) -> None:
    expect(canvas(case)).to_have_count(0)
    assert (got.levels, got.fetched) == ([], 0)


def covers(page: Page, act: Callable[[], object]) -> None:
    """What the act leaves behind: no picture anywhere, and none asked for."""
    look(page, 1)
    act()
    expect(canvas(page)).to_have_count(0)


def test_whatever_is_out_of_the_ordinary_covers(case: Page, got: Got, context: BrowserContext) -> None:
    covers(case, lambda: case.keyboard.press("0"))
    covers(case, lambda: case.keyboard.press("Escape"))
    covers(case, lambda: case.evaluate("window.dispatchEvent(new Event('blur'))"))
    covers(case, lambda: case.evaluate("window.dispatchEvent(new Event('beforeprint'))"))
    covers(case, lambda: case.evaluate("setTimeout(() => { throw new Error('a fault') })"))
    covers(case, lambda: case.evaluate("() => { Promise.reject(new Error('a fault')); }"))
    covers(case, lambda: context.set_offline(True))
    context.set_offline(False)
    assert set(got.levels) == {1}


def test_no_way_around_shows_more(case: Page, got: Got, context: BrowserContext, demo: Any) -> None:
    look(case, 1)
    # Zoom, hover, a double click, a drag: the same canvas, and nothing asked for.
    case.evaluate("document.body.style.zoom = '3'")
    for kind in ("dblclick", "dragstart", "contextmenu", "mouseover", "auxclick"):
        canvas(case).dispatch_event(kind)
    case.evaluate("document.body.style.zoom = ''")
    assert (
        case.locator("main img, main video, main audio, main iframe, main object, main a[download]").count()
        == 0
    )
    source = case.request.get(case.url).text()
    assert "<canvas" not in source
    assert source.count("<img") == 1
    # Printing leaves it out.
    case.emulate_media(media="print")
    expect(canvas(case)).to_be_hidden()
    case.emulate_media(media="screen")
    # Away and back: nothing is there, from whichever cache.
    look(case, 1)
    shown = got.fetched
    case.goto(f"{demo.address}/about/")
    case.go_back()
    case.wait_for_selector("[data-look] form:not([hidden])")
    expect(canvas(case)).to_have_count(0)
    assert got.fetched == shown


OPEN = """async level => {
  const section = document.querySelector('[data-look]');
  const csrfmiddlewaretoken = section.querySelector('[name=csrfmiddlewaretoken]').value;
  const body = new URLSearchParams({ level, reason: 'for a test', csrfmiddlewaretoken });
  return await (await fetch(section.dataset.open, { method: 'POST', body })).json();
}"""


def test_an_address_is_nothing_in_a_tab_and_nothing_twice(
    case: Page, context: BrowserContext, demo: Any
) -> None:
    address = demo.address + case.evaluate(OPEN, "1")["address"]
    tab = context.new_page()
    answer = tab.goto(address)
    assert answer is not None
    assert answer.status == 404
    fetched = """async address => {
      const answer = await fetch(address);
      return [answer.status, answer.headers.get('Content-Type')];
    }"""
    assert case.evaluate(fetched, address) == [200, "image/jpeg"]
    assert case.evaluate(fetched, address)[0] == 404


def test_a_session_that_ended_shows_nothing_more(case: Page, context: BrowserContext, got: Got) -> None:
    look(case, 1)
    context.clear_cookies()
    expect(canvas(case)).to_have_count(0)
    fetched = got.fetched
    case.keyboard.press("2")
    expect(case.locator("[data-says]").first).to_contain_text(re.compile("refused|signed out"))
    assert got.fetched == fetched


def test_another_tab_covers_this_one(case: Page, context: BrowserContext) -> None:
    look(case, 1)
    other = context.new_page()
    other.goto(case.url)
    other.wait_for_selector("[data-look] form:not([hidden])")
    other.evaluate(OPEN, "1")
    expect(canvas(case)).to_have_count(0)


def test_a_higher_level_asks_why_and_enter_then_shows_it(case: Page, got: Got) -> None:
    look(case, 1)
    case.keyboard.press("3")
    why = case.get_by_label("Why, from level 3 on").first
    expect(why).to_be_focused()
    case.keyboard.type("near match: same or not")
    case.keyboard.press("Enter")
    expect(canvas(case)).to_have_attribute("aria-label", re.compile("^3"))
    assert faults(case) == []


def test_without_scripts_nothing_can_be_shown(
    case: Page, demo: Any, sam: dict[str, Any], chromium: Browser
) -> None:
    plain = chromium.new_context(storage_state=sam, java_script_enabled=False)
    page = plain.new_page()
    page.goto(case.url)
    expect(page.get_by_text("Looking needs scripts").first).to_be_visible()
    assert page.locator("form.look-ask:visible").count() == 0
    plain.close()


def test_ones_own_day_and_the_teams(case: Page, demo: Any) -> None:
    look(case, 1)
    case.goto(f"{demo.address}/exposure/")
    expect(case.get_by_role("row", name=re.compile("^1 "))).to_be_visible()
    assert faults(case) == []
    case.goto(f"{demo.address}/exposure/team/")
    expect(case.get_by_text("too few people").first).to_be_visible()
    assert faults(case) == []
