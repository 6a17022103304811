"""Golden items are given like opinions, told apart afterwards, and are nowhere among what is real."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from safelight.assessment import axes
from safelight.assessment.axes import AgeBand, Outcome, Severity
from safelight.errors import UsageError
from safelight.server.assessment import golden, golden_looking
from safelight.server.assessment.errors import AssessmentError, NotOpen
from safelight.server.assessment.golden_file import GoldenPicture, read_golden
from safelight.server.assessment.measuring import agreement
from safelight.server.assessment.models import GoldenItem, GoldenTurn, Opinion, StoredAssessment
from safelight.server.assessment.opinions import LONGEST_HELD, release_stranded
from safelight.server.assessment.services import assess
from safelight.server.cases.models import Case, Decision
from safelight.server.ids import now
from safelight.server.intake.models import Item
from safelight.server.people.actors import SystemActor
from safelight.server.people.permissions import PermissionDenied
from safelight.server.people.roles import Role
from safelight.types import ListClass, Match, MediaKind, Observation, ScanResult, Signal, Verdict
from safelight.types import Outcome as Answer

pytestmark = pytest.mark.usefixtures("db", "keys")
Make = Callable[..., Any]
BENIGN = axes.Assessment(outcome=Outcome.NOT_UNLAWFUL, age=AgeBand.ADULT)
SENT = {"outcome": "not_unlawful", "severity": "other_indecent"}


def picture(name: str = "a cat", **expected: str) -> GoldenPicture:
    told = {"outcome": "not_unlawful", "severity": "none", **expected}
    return GoldenPicture(name, b"the bytes of a cat", "image/png", told, "It is a cat.")


@pytest.fixture
def lead(actor_with: Make) -> Any:
    return actor_with(Role.LEAD)


@pytest.fixture
def always(lead: Any, monkeypatch: pytest.MonkeyPatch) -> GoldenItem:
    """A golden item, which is what comes next."""
    golden.set_rate(lead, golden.MOST_PERCENT)
    monkeypatch.setattr(golden.secrets, "randbelow", lambda _most: 0)
    return golden.load(SystemActor("terminal"), picture())


@pytest.fixture
def waits(case: Case, item: Item, reviewer: Any, policy: Make) -> Opinion:
    """A real opinion that somebody is to give."""
    policy(opinions="blind")
    assess(reviewer, case, item, axes.Assessment(outcome=Outcome.UNLAWFUL, severity=Severity.EXHIBITION))
    return Opinion.objects.get()


def test_it_looks_like_any_blind_opinion_and_is_told_apart_afterwards(
    always: GoldenItem, waits: Opinion, second: Any, browser_of: Make
) -> None:
    browser: Client = browser_of(second.person)
    address = browser.post("/opinions/next/")["Location"]
    turn = GoldenTurn.objects.get()
    assert address == f"/opinions/{turn.pk}/"
    page = browser.get(address).content.decode()
    assert "golden" not in page.lower()
    assert "training" not in page.lower()
    assert "Blind second opinion" in page
    assert str(turn.pk)[-8:] in browser.get("/opinions/").content.decode()
    assert browser.post("/opinions/next/")["Location"] == address
    assert browser.post(address, SENT)["Location"] == address
    told = browser.get(address).content.decode()
    assert "That was for training" in told
    assert "It is a cat." in told
    assert told.count("differs") == 1
    # Sent once more, it changes nothing; and another person never sees it.
    browser.post(address, {"outcome": "unlawful"})
    assert GoldenTurn.objects.get().answers["outcome"] == "not_unlawful"
    assert GoldenTurn.objects.get().answers["severity"] == "other_indecent"
    # It is given once; what waited comes next.
    assert browser.post("/opinions/next/")["Location"] == f"/opinions/{waits.pk}/"


def test_it_is_nowhere_among_what_is_real(always: GoldenItem, waits: Opinion, second: Any, lead: Any) -> None:
    before = Item.objects.count(), StoredAssessment.objects.count()
    turn = golden.take_instead(second)
    assert turn is not None
    golden.give(second, turn, BENIGN)
    assert (Item.objects.count(), StoredAssessment.objects.count()) == before
    assert not Decision.objects.exists()
    assert {one.found for one in agreement(lead)} == {None}
    waits.refresh_from_db()
    assert waits.state == "waiting"


def test_without_a_rate_or_where_nothing_waits_none_is_given(
    lead: Any, second: Any, browser_of: Make
) -> None:
    golden.load(SystemActor("terminal"), picture())
    assert golden.rate() == 0
    assert [golden.take_instead(second) for _ in range(50)] == [None] * 50
    golden.set_rate(lead, 50)
    browser_of(second.person).post("/opinions/next/")
    assert not GoldenTurn.objects.exists()
    with pytest.raises(AssessmentError, match="0 to 50"):
        golden.set_rate(lead, 51)
    with pytest.raises(PermissionDenied):
        golden.set_rate(second, 10)


def test_leads_see_sums_of_several_people_and_nobody(
    always: GoldenItem, lead: Any, actor_with: Make, browser_of: Make
) -> None:
    told = ("none", "none", "other_indecent")
    for number, severity in enumerate(told):
        assert golden.sums(lead) == ()
        person = actor_with(Role.REVIEWER)
        turn = golden.take_instead(person)
        assert turn is not None
        golden.give(person, turn, axes.read({"outcome": "not_unlawful", "severity": severity}))
        with pytest.raises(NotOpen):
            golden.give(person, turn, BENIGN)
        assert GoldenTurn.objects.count() == number + 1
    assert sorted((one.answers, one.same) for one in golden.sums(lead)) == [(3, 2), (3, 3)]
    page = browser_of(lead.person).get("/agreement/").content.decode()
    assert "Golden items by question" in page
    assert "67 %" in page


def test_what_nobody_comes_back_to_is_given_back(always: GoldenItem, second: Any) -> None:
    turn = golden.take_instead(second)
    assert turn is not None
    assert release_stranded() == 0
    GoldenTurn.objects.update(taken_at=now() - LONGEST_HELD)
    assert release_stranded() == 1
    assert golden.taken_by(second) is None


def test_looking_at_it_is_no_exposure(
    always: GoldenItem, second: Any, browser_of: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safelight.media.rendering import Level, Rendering
    from safelight.server.review.models import Viewing

    def pixels(fd: int, _mime: str, level: Level) -> Rendering:
        assert os.pread(fd, 100, 0) == b"the bytes of a cat"
        return Rendering(level, 1, 1, 1, 0, False, True, False, (), 32, 32, 1, b"\x80" * 1024)

    monkeypatch.setattr(golden_looking, "rendered", pixels)
    turn = golden.take_instead(second)
    assert turn is not None
    browser: Client = browser_of(second.person)
    where = f"/review/cases/{turn.pk}/items/{always.pk}/"
    assert browser.post(where, {"level": "3"}).status_code == 409
    opened = browser.post(where, {"level": "1"}).json()
    shown = browser.get(opened["address"])
    assert (shown.status_code, shown["Content-Type"]) == (200, "image/jpeg")
    assert browser.get(opened["address"]).status_code == 404
    assert browser.post(opened["beat"], {"seconds": "2"}).json() == {"cover": ""}
    assert "open long enough" in browser.post(opened["beat"], {"seconds": "999"}).json()["cover"]
    assert not Viewing.objects.exists()
    golden.give(second, turn, BENIGN)
    assert browser.post(where, {"level": "1"}).status_code in (403, 404)


def found(content: bytes, *classes: ListClass) -> ScanResult:
    signal = Signal("sha256", "a" * 64)
    matches = tuple(Match(signal, f"list {one}", one, "entry") for one in classes)
    seen = Observation(
        "", len(content), MediaKind.IMAGE, "image/png", now(), signals=(signal,), matches=matches
    )
    return ScanResult(seen, Verdict(Answer.MATCH, "a rule"))


def test_only_pictures_of_ones_own_test_lists_are_loaded(tmp_path: Path) -> None:
    (tmp_path / "cat.png").write_bytes(b"a cat")
    file = tmp_path / "golden.toml"
    file.write_text(
        'schema = "safelight.golden/1"\n[[items]]\nname = "cat"\npicture = "cat.png"\n'
        'expected = { outcome = "not_unlawful", appearance = "realistic" }\n'
    )
    (one,) = read_golden(file, lambda content: found(content, ListClass.TEST))
    assert (one.name, one.content, one.mime) == ("cat", b"a cat", "image/png")
    for classes in ((), (ListClass.CSAM,), (ListClass.TEST, ListClass.NCII)):
        with pytest.raises(UsageError, match="list of class test"):
            read_golden(file, lambda content, of=classes: found(content, *of))  # type: ignore[misc]
    with pytest.raises(UsageError, match="benign"):
        golden.load(SystemActor("terminal"), picture(outcome="unlawful"))
    with pytest.raises(UsageError, match="no such answer"):
        golden.load(SystemActor("terminal"), picture(severity="something"))
    golden.load(SystemActor("terminal"), one)
    with pytest.raises(UsageError, match="already"):
        golden.load(SystemActor("terminal"), one)
    golden.retire(SystemActor("terminal"), "cat")
    with pytest.raises(UsageError, match="no golden item"):
        golden.retire(SystemActor("terminal"), "cat")
