"""The API's protected half: what a key of the platform's server gets, and what only people get."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from intake_doubles import CountingScanner

from safelight.server.cases.decisions import decide
from safelight.server.cases.models import Case, Decision
from safelight.server.intake.models import Occurrence
from safelight.server.ledger.models import LedgerPayload
from safelight.server.people.models import Proposal
from safelight.server.people.roles import Role
from safelight.types import Outcome

pytestmark = pytest.mark.usefixtures("db", "keys", "vault", "scanner")
FILE = b"a picture's bytes"
ENTRY = {"key": "source-1", "type": "sha256", "value": hashlib.sha256(b"one").hexdigest()}


class Platform:
    """A platform's server with a key of every scope."""

    def __init__(self, sender: Callable[..., Any], **fields: Any) -> None:
        self.actor = sender(**{"audience": "server", **fields})
        secret = secrets.token_urlsafe(32)
        self.actor.key.secret_digest = hashlib.sha256(secret.encode()).digest()
        self.actor.key.save()
        self.client = Client(headers={"Authorization": f"Bearer slk_{self.actor.key.prefix}_{secret}"})

    def get(self, path: str, **query: Any) -> HttpResponse:
        return self.client.get(f"/api/v1{path}", query)

    def post(self, path: str, told: Any) -> HttpResponse:
        return self.client.post(f"/api/v1{path}", told, content_type="application/json")

    def upload(self, content: bytes = FILE) -> dict[str, Any]:
        answer = self.client.post("/api/v1/scan", content, content_type="application/octet-stream")
        return dict(answer.json())


@pytest.fixture
def platform(sender: Callable[..., Any]) -> Platform:
    return Platform(sender)


@pytest.fixture
def matched(platform: Platform, scanner: CountingScanner) -> dict[str, Any]:
    scanner.told[FILE] = Outcome.MATCH
    return platform.upload()


@pytest.fixture
def a_list(store: Any, actor_with: Callable[..., Any]) -> str:
    from safelight.server.lists.services import make_list
    from safelight.types import ListClass

    return make_list(actor_with(Role.LIST_MANAGER), "hotline", ListClass.TEST, source="a source").name


def test_a_key_brings_a_sources_entries_in_and_out(platform: Platform, a_list: str) -> None:
    added = platform.post(f"/lists/{a_list}/entries", {"entries": [ENTRY]})
    assert (added.status_code, added.json()["added"]) == (200, 1)
    again = platform.post(f"/lists/{a_list}/entries", {"entries": [ENTRY]})
    assert (again.json()["added"], again.json()["known"]) == (0, 1)
    [shown] = platform.get("/lists").json()
    assert (shown["name"], shown["entries"]) == ("hotline", {"sha256": 1})
    assert ENTRY["value"] not in json.dumps(shown)
    gone = platform.post(f"/lists/{a_list}/withdrawals", {"keys": ["source-1"], "reason": "withdrawn"})
    assert gone.json() == {"withdrawn": 1}
    assert platform.get(f"/lists/{a_list}").json()["entries"] == {}


def test_videos_and_sounds_are_brought_in_too(platform: Platform, a_list: str) -> None:
    looks = [hashlib.sha256(bytes([number])).hexdigest() for number in (1, 2)]
    frames = [f"{looks[0]},90,0.0", f"{looks[1]},90,1.0", f"{looks[1]},90,2.0"]
    items = hashlib.shake_128(b"a sound").hexdigest(4 * 30)
    told = [
        {"key": "film", "type": "vpdq", "value": json.dumps(frames)},
        {"key": "song", "type": "chromaprint", "value": items},
    ]
    answer = platform.post(f"/lists/{a_list}/entries", {"entries": told})
    assert (answer.status_code, answer.json()["added"]) == (200, 3)
    shown = platform.get(f"/lists/{a_list}").json()
    assert shown["entries"] == {"chromaprint": 1, "pdq": 2}
    assert (shown["query_percent"], shown["listed_percent"]) == (80, 80)
    plain = {"key": "plain", "type": "vpdq", "value": json.dumps([f"{looks[0]},10,0.0"])}
    refused = platform.post(f"/lists/{a_list}/entries", {"entries": [plain]})
    assert refused.status_code == 422
    assert looks[0].encode() not in refused.content
    gone = platform.post(f"/lists/{a_list}/withdrawals", {"keys": ["film"], "reason": "withdrawn"})
    assert gone.json() == {"withdrawn": 2}


def test_a_malformed_value_is_refused_and_not_repeated(platform: Platform, a_list: str) -> None:
    wrong = {**ENTRY, "value": "0123456789abcdef-not-a-hash"}
    answer = platform.post(f"/lists/{a_list}/entries", {"entries": [wrong]})
    assert answer.status_code == 422
    assert b"0123456789abcdef" not in answer.content


def test_what_takes_two_people_takes_two_by_the_interface_too(
    platform: Platform, store: Any, actor_with: Callable[..., Any]
) -> None:
    from safelight.server.lists.services import make_list
    from safelight.types import ListClass

    make_list(actor_with(Role.LIST_MANAGER), "ours", ListClass.TEST, own=True)
    answer = platform.post("/lists/ours/entries", {"entries": [ENTRY]})
    assert (answer.status_code, answer.json()["added"], answer.json()["waiting"]) == (200, 0, 1)
    person = Client()
    person.force_login(actor_with(Role.LIST_MANAGER).person)
    told = {
        "entries": [{**ENTRY, "key": "2", "value": hashlib.sha256(b"two").hexdigest()}],
        "reason": "seen twice",
    }
    later = {**told, "review_at": "2099-01-01T00:00:00Z"}
    assert person.post("/api/v1/lists/ours/entries", told, content_type="application/json").status_code == 422
    assert (
        person.post("/api/v1/lists/ours/entries", later, content_type="application/json").status_code == 422
    )
    from datetime import timedelta

    from safelight.server.ids import now

    soon = {**told, "review_at": (now() + timedelta(days=30)).isoformat()}
    answer = person.post("/api/v1/lists/ours/entries", soon, content_type="application/json")
    assert answer.status_code == 202
    assert Proposal.objects.get(pk=answer.json()["proposal"]).state == Proposal.State.OPEN
    assert platform.get("/lists/ours").json()["entries"] == {}


def test_a_person_sets_how_a_list_is_searched_and_a_key_does_not(
    platform: Platform, a_list: str, actor_with: Callable[..., Any]
) -> None:
    path, told = (
        f"/api/v1/lists/{a_list}",
        {"query_percent": 60, "listed_percent": 40, "reason": "as advised"},
    )
    assert platform.client.patch(path, told, content_type="application/json").status_code == 401
    person = Client()
    person.force_login(actor_with(Role.LIST_MANAGER).person)
    answer = person.patch(path, told, content_type="application/json")
    assert (answer.status_code, answer.json()["query_percent"], answer.json()["distance"]) == (200, 60, 31)
    assert platform.get(f"/lists/{a_list}").json()["listed_percent"] == 40
    for wrong in ({"query_percent": 0}, {"listed_percent": 101}, {"distance": 65}, {"reason": ""}):
        assert person.patch(path, {**told, **wrong}, content_type="application/json").status_code == 422
    nobody = Client()
    nobody.force_login(actor_with(Role.AUDITOR).person)
    assert nobody.patch(path, told, content_type="application/json").status_code == 403
    [said] = LedgerPayload.objects.filter(row__event="list.changed")
    assert b"as advised" in bytes(said.body)


def test_a_platform_learns_how_far_its_cases_are_and_not_why(
    platform: Platform, matched: dict[str, Any], sender: Callable[..., Any]
) -> None:
    [case] = platform.get("/cases").json()["items"]
    assert case["submissions"] == [matched["id"]]
    one = platform.get(f"/cases/{case['id']}")
    assert set(one.json()) == {"id", "state", "opened_at", "finished_at", "submissions"}
    assert set(case) == set(one.json())
    other = Platform(sender)
    assert other.get("/cases").json()["items"] == []
    assert other.get(f"/cases/{case['id']}").status_code == 404
    assert other.get("/decisions").json()["items"] == []


def test_people_see_what_matched_in_a_case_of_theirs(
    platform: Platform, matched: dict[str, Any], actor_with: Callable[..., Any]
) -> None:
    reviewer = actor_with(Role.REVIEWER)
    case = Case.objects.get()
    browser = Client()
    browser.force_login(reviewer.person)
    assert browser.get(f"/api/v1/cases/{case.pk}").status_code == 403
    Case.objects.update(assigned_to=reviewer.person)
    told = browser.get(f"/api/v1/cases/{case.pk}").json()
    [member] = told["members"]
    assert {"list", "distance", "exact"} <= set(member["matches"][0])


def test_decisions_come_in_order_with_what_they_replace(
    platform: Platform, matched: dict[str, Any], actor_with: Callable[..., Any]
) -> None:
    reviewer = actor_with(Role.REVIEWER)
    Case.objects.update(assigned_to=reviewer.person)
    case, occurrence = Case.objects.get(), Occurrence.objects.get()
    browser = Client()
    browser.force_login(reviewer.person)
    told = {"occurrence": str(occurrence.pk), "outcome": "dismissed", "reason": "a landscape"}
    path = f"/api/v1/cases/{case.pk}/decisions"
    made = browser.post(path, told, content_type="application/json")
    assert made.status_code == 201, made.content
    assert browser.post(path, told, content_type="application/json").status_code == 409
    [decision] = platform.get("/decisions").json()["items"]
    assert decision["submission"] == matched["id"]
    assert (decision["outcome"], decision["standing"]) == ("dismissed", True)
    assert "reason" not in decision
    assert platform.get("/decisions", limit=1).json()["after"] is None
    assert platform.get("/decisions", after="nonsense").status_code == 422
    assert platform.get("/decisions", limit=0).status_code == 422


def test_a_complaint_comes_back_with_its_answer(
    platform: Platform, matched: dict[str, Any], actor_with: Callable[..., Any], sender: Callable[..., Any]
) -> None:
    reviewer, senior = actor_with(Role.REVIEWER), actor_with(Role.SENIOR_REVIEWER)
    Case.objects.update(assigned_to=reviewer.person)
    decide(
        reviewer, Case.objects.get(), Occurrence.objects.get(), Decision.Outcome.ESCALATED, reason="not sure"
    )
    made = platform.post("/complaints", {"submission": matched["id"], "text": "This is my garden."})
    assert (made.status_code, made.json()["state"]) == (201, "open")
    again = platform.post("/complaints", {"submission": matched["id"], "text": "Still."})
    assert again.status_code == 409
    path = f"/complaints/{made.json()['id']}"
    assert platform.get(path).json()["answer"] == ""
    assert Platform(sender).get(path).status_code == 403
    assert Platform(sender).post("/complaints", {"submission": matched["id"], "text": "x"}).status_code == 404
    browser = Client()
    browser.force_login(senior.person)
    answered = browser.post(
        f"/api/v1{path}/answer", {"upheld": True, "answer": "You are right."}, content_type="application/json"
    )
    assert answered.status_code == 200, answered.content
    told = platform.get(path).json()
    assert (told["state"], told["answer"]) == ("upheld", "You are right.")


def test_a_reference_is_refused_where_nothing_is_set_up(platform: Platform) -> None:
    for reference in ("https://media.example.org/file", "s3://bucket/key"):
        answer = platform.post("/scan/reference", {"reference": reference})
        assert answer.status_code == 422
        assert "settings" in answer.json()["detail"]


def test_a_file_by_reference_is_taken_in_like_one_that_was_sent(
    platform: Platform,
    spool: Callable[[bytes], Any],
    monkeypatch: pytest.MonkeyPatch,
    scanner: CountingScanner,
) -> None:
    from safelight.server.api.routes import references

    scanner.told[FILE] = Outcome.MATCH
    monkeypatch.setattr(references, "fetch", lambda _reference: spool(FILE))
    answer = platform.post("/scan/reference", {"reference": "s3://uploads/key"})
    assert (answer.status_code, answer.json()["outcome"]) == (200, "match")
    assert Case.objects.count() == 1


def test_an_uploaders_key_gets_none_of_this(sender: Callable[..., Any], matched: dict[str, Any]) -> None:
    uploader = Platform(sender, audience="uploader")
    for path in ("/lists", "/cases", "/decisions"):
        assert uploader.get(path).status_code == 403
    assert uploader.post("/complaints", {"submission": matched["id"], "text": "x"}).status_code == 403
    assert uploader.post("/scan/reference", {"reference": "s3://uploads/key"}).status_code == 403


def test_every_error_is_a_problem_document(platform: Platform) -> None:
    for answer in (
        platform.get("/cases", limit="many"),
        platform.post("/complaints", "{not json"),
        platform.post("/complaints", []),
        platform.get("/lists/none"),
        platform.get(f"/complaints/{Occurrence().pk}"),
    ):
        assert answer["Content-Type"] == "application/problem+json", answer.content
        assert set(answer.json()) == {"type", "title", "status", "detail"}
        assert answer.json()["status"] == answer.status_code
