"""The other ways in: the gate, many files at once, look-ups by hash, reports, and what became of them."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from intake_doubles import CountingScanner, MemoryVault

from safelight.server.api import limits
from safelight.server.cases.models import Case, Decision
from safelight.server.config import Answers, KeyLimits
from safelight.server.ids import clock_at, now
from safelight.server.intake.api_keys import authenticate
from safelight.server.intake.models import ApiKey, Intake, Item, Occurrence
from safelight.server.lookups.models import AwaitedFile, LookUp
from safelight.server.lookups.services import alarm_overdue
from safelight.types import Outcome

pytestmark = pytest.mark.usefixtures("db", "keys", "vault", "scanner")
Make = Callable[..., Any]
FILE = b"a picture's bytes"
SHA256 = hashlib.sha256(FILE).hexdigest()
VPDQ = json.dumps([f"{'5a' * 32},100,0.0"])
NO_HASHES: list[dict[str, Any]] = [
    {"vpdq": "x" * 64},
    {"vpdq": json.dumps(["x" * 64 + ",100,0.0"])},
    {"vpdq": "[]"},
    {"vpdq": VPDQ, "pdq": "0f" * 32},
    {"chromaprint": "x" * 64},
    {"chromaprint": "0123456"},
]


@pytest.fixture(autouse=True)
def soon(workspace_setting: Callable[..., None]) -> None:
    workspace_setting(answers=Answers(alike_seconds=0.1))
    limits._spent.clear()


@pytest.fixture
def call(sender: Make) -> Make:
    """A function that calls the API with a key of its own."""

    def with_key(audience: str = "server", **fields: Any) -> Callable[..., HttpResponse]:
        secret = secrets.token_urlsafe(32)
        actor = sender(
            fields.pop("visibility", "public"),
            audience=audience,
            **fields,
        )
        actor.key.secret_digest = hashlib.sha256(secret.encode()).digest()
        actor.key.save()

        def ask(
            method: str, path: str, body: Any = b"", kind: str = "application/json", **headers: str
        ) -> Any:
            headers["Authorization"] = f"Bearer slk_{actor.key.prefix}_{secret}"
            client = Client(raise_request_exception=False)
            if isinstance(body, dict) and kind == "form":
                return client.post(f"/api/v1/{path}", body, headers=headers)
            raw = (
                json.dumps(body).encode()
                if kind == "application/json" and not isinstance(body, bytes)
                else body
            )
            return client.generic(method, f"/api/v1/{path}", raw, content_type=kind, headers=headers)

        ask.key = actor.key  # type: ignore[attr-defined]
        return ask

    return with_key


@pytest.mark.parametrize(
    ("outcome", "status"),
    [(Outcome.CLEAR, 200), (Outcome.HOLD, 202), (Outcome.UNSCANNED, 202), (Outcome.MATCH, 451)],
)
def test_the_gate_says_store_wait_or_refuse(
    call: Make, scanner: CountingScanner, outcome: Outcome, status: int
) -> None:
    scanner.told[FILE] = outcome
    answer = call()("POST", "gate", FILE, "image/png")
    assert (answer.status_code, answer.json()["outcome"]) == (status, outcome.value)


@pytest.mark.parametrize("path", ["gate", "scan/batch", "hashes"])
def test_a_key_for_uploaders_gets_no_verdict_anywhere(call: Make, path: str) -> None:
    body = {"hashes": {"sha256": SHA256}} if path == "hashes" else FILE
    answer = call("uploader")("POST", path, body, "application/json" if path == "hashes" else "image/png")
    assert answer.status_code == 403
    assert answer["Content-Type"] == "application/problem+json"


def test_many_files_each_have_their_own_result(call: Make, scanner: CountingScanner) -> None:
    scanner.told[b"two"] = Outcome.MATCH
    about = [{"idempotency_key": "a"}, {"context": {"account": "u1"}}, {"context": {"surface": "another"}}]
    form = {
        "file": [SimpleUploadedFile(str(n), c) for n, c in enumerate((b"one", b"two", b"three"))],
        "about": json.dumps(about),
    }
    ask = call()
    results = ask("POST", "scan/batch", form, "form").json()["results"]
    assert [one["status"] for one in results] == [200, 200, 422]
    assert [one["verdict"] and one["verdict"]["outcome"] for one in results] == ["clear", "match", None]
    assert results[2]["problem"]["detail"]
    again = ask(
        "POST",
        "scan/batch",
        {"file": [SimpleUploadedFile("x", b"one")], "about": '[{"idempotency_key": "a"}]'},
        "form",
    )
    assert again.json()["results"][0] == results[0]
    assert Intake.objects.count() == 2


@pytest.mark.parametrize("about", ["{", "[]", '[{"more": 1}]', "7"])
def test_a_batch_that_cannot_be_read_takes_nothing_in(call: Make, about: str) -> None:
    answer = call()("POST", "scan/batch", {"file": SimpleUploadedFile("x", FILE), "about": about}, "form")
    assert answer.status_code == 422
    assert not Intake.objects.exists()


def test_a_batch_is_bounded(call: Make) -> None:
    files = [SimpleUploadedFile(str(n), b"%d" % n) for n in range(33)]
    assert call()("POST", "scan/batch", {"file": files}, "form").status_code == 422


def test_a_look_up_that_matches_nothing_keeps_no_hash(call: Make) -> None:
    answer = call()("POST", "hashes", {"hashes": {"sha256": SHA256, "pdq": "0f" * 32, "pdq_quality": 90}})
    assert (answer.status_code, answer.json()["outcome"]) == (200, "clear")
    assert LookUp.objects.get().outcome == "clear"
    assert not Item.objects.exists()


def test_a_video_that_stays_is_compared_and_counts_by_its_frames(
    call: Make, scanner: CountingScanner
) -> None:
    frames = [f"{number:02x}" * 32 + f",100,{number}.0" for number in range(1, 5)]
    hashes = {"sha256": SHA256, "vpdq": json.dumps(frames), "chromaprint": "0123456789ABCDEF" * 10}
    ask = call(daily_budget=9)
    assert ask("POST", "hashes", {"hashes": hashes}).json()["outcome"] == "clear"
    scanner.told[FILE] = Outcome.HOLD
    answer = ask("POST", "hashes", {"hashes": hashes | {"chromaprint": None}})
    assert answer.json()["evidence_due_at"]
    assert Case.objects.get().members.count() == 1
    assert ask("POST", "hashes", {"hashes": hashes}).status_code == 429  # 5 and 4 of 9 are spent


def test_a_look_up_that_matches_makes_a_case_and_awaits_the_file(
    call: Make, scanner: CountingScanner, vault: MemoryVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safelight.server.lookups import services

    monkeypatch.setattr(services, "vault", vault)
    scanner.told[FILE] = Outcome.MATCH
    ask = call()
    asked = {"hashes": {"sha256": SHA256.upper()}, "context": {"account": "u1"}}
    once = {"Idempotency-Key": "once"}
    answer = ask("POST", "hashes", asked, **once)
    assert (answer.status_code, answer.json()["outcome"]) == (200, "match")
    assert answer.json()["evidence_due_at"]
    assert ask("POST", "hashes", asked, **once).json() == answer.json()
    assert Case.objects.get().members.count() == 1
    assert not Decision.objects.exists()
    path = f"hashes/{answer.json()['id']}/bytes"
    assert ask("PUT", path, b"another file", "image/png").status_code == 422
    assert call()("PUT", path, FILE, "image/png").status_code == 404  # another key
    for _ in range(2):
        assert ask("PUT", path, FILE, "image/png").json() == {"status": "delivered"}
    assert list(vault.bytes.values()) == [FILE]
    assert AwaitedFile.objects.get().delivered_at
    assert ask("POST", "hashes", {"hashes": {"sha256": "0" * 64}}, **once).status_code == 422


def test_a_file_that_is_not_delivered_in_time_is_told_once(
    call: Make, scanner: CountingScanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safelight.server.lookups import services

    told: list[str] = []
    monkeypatch.setattr(services, "raise_alarm", lambda kind, **_named: told.append(kind))
    scanner.told[FILE] = Outcome.HOLD
    call()("POST", "hashes", {"hashes": {"sha256": SHA256}})
    assert alarm_overdue() == 0
    later = now() + timedelta(days=2)
    with clock_at(lambda: later):
        assert alarm_overdue() == 1
        assert alarm_overdue() == 0
    assert told == ["evidence_awaited"]


@pytest.mark.parametrize(
    "hashes",
    [{}, {"sha256": "x" * 64}, {"sha256": SHA256, "pdq": "0f"}, {"sha256": SHA256, "more": 1}]
    + [{"sha256": SHA256, **told} for told in NO_HASHES],
)
def test_hashes_that_are_none_are_refused_without_being_repeated(call: Make, hashes: dict[str, Any]) -> None:
    answer = call()("POST", "hashes", {"hashes": hashes})
    assert answer.status_code == 422
    assert "x" * 20 not in answer.content.decode()


@pytest.mark.parametrize(
    "told", [{"text": "what was said"}, {"url": "https://example.org/1"}], ids=["a text", "an address"]
)
@pytest.mark.parametrize("kind", ["user_report", "trusted_flagger", "police_request", "public_url_report"])
def test_a_report_always_makes_a_case(call: Make, kind: str, told: dict[str, str]) -> None:
    ask = call()
    for _ in range(2):
        answer = ask("POST", "reports", {"kind": kind, **told}, **{"Idempotency-Key": "k"})
        assert answer.status_code == 202
    assert Intake.objects.get().kind == kind
    assert Case.objects.get().members.count() == 1


def test_a_reported_file_comes_in_a_form(call: Make, vault: MemoryVault) -> None:
    form = {"report": '{"kind": "user_report"}', "file": SimpleUploadedFile("x.png", FILE)}
    assert call()("POST", "reports", form, "form").status_code == 202
    assert list(vault.bytes.values()) == [FILE]
    assert Case.objects.exists()


@pytest.mark.parametrize(
    "told", [{}, {"text": "a", "url": "b"}, {"text": ""}, {"kind": "by_hand", "text": "a"}]
)
def test_a_report_holds_one_thing(call: Make, told: dict[str, str]) -> None:
    assert call()("POST", "reports", {"kind": "user_report", **told}).status_code == 422
    assert not Intake.objects.exists()


def test_only_the_key_that_sent_it_learns_what_became_of_it(call: Make) -> None:
    ask = call()
    sent = ask("POST", "scan", FILE, "image/png").json()["id"]
    found = ask("GET", f"submissions/{sent}")
    assert (found.status_code, found.json()["outcome"]) == (200, "clear")
    assert call()("GET", f"submissions/{sent}").status_code == 404
    assert call("uploader")("GET", f"submissions/{sent}").status_code == 403


def test_a_key_without_the_scope_may_not(call: Make) -> None:
    ask = call(scopes=["report"])
    assert ask("POST", "scan", FILE, "image/png").status_code == 403
    assert ask("POST", "hashes", {"hashes": {"sha256": SHA256}}).status_code == 403
    assert call(scopes=["scan"])("POST", "reports", {"kind": "user_report", "text": "a"}).status_code == 403


def test_a_key_that_sends_too_often_is_told_when_to_go_on(
    call: Make, workspace_setting: Callable[..., None]
) -> None:
    workspace_setting(web_workers=1)
    ask = call(rate_per_minute=3)
    codes = [ask("POST", "scan", FILE, "image/png").status_code for _ in range(4)]
    assert codes == [200, 200, 200, 429]
    refused = ask("POST", "scan", FILE, "image/png")
    assert 1 <= int(refused["Retry-After"]) <= 60
    assert refused["Content-Type"] == "application/problem+json"


def test_a_days_budget_is_shared_by_every_process_and_new_the_next_day(call: Make) -> None:
    ask = call(daily_budget=3)
    for code in (200, 200):
        assert ask("POST", "scan", FILE, "image/png").status_code == code
    limits._spent.clear()  # another process
    assert [ask("POST", "scan", FILE, "image/png").status_code for _ in range(2)] == [200, 429]
    tomorrow = now() + timedelta(days=1)
    with clock_at(lambda: tomorrow):
        assert ask("POST", "scan", FILE, "image/png").status_code == 200


def _probe(ask: Make, scanner: CountingScanner, contents: list[bytes]) -> list[int]:
    for content in contents:
        scanner.told[content] = Outcome.HOLD
    return [ask("POST", "scan", content, "image/png").status_code for content in contents]


def test_many_files_that_match_the_same_suspend_a_key_and_people_are_told(
    call: Make,
    scanner: CountingScanner,
    workspace_setting: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from safelight.server.api import probing

    told: list[str] = []
    monkeypatch.setattr(probing, "raise_alarm", lambda kind, **_named: told.append(kind))
    workspace_setting(
        key_limits=KeyLimits(probing_least_hits=2, probing_share_percent=100, probing_variants=4)
    )
    ask = call()
    assert _probe(ask, scanner, [b"variant %d" % n for n in range(5)]) == [200, 200, 200, 200, 401]
    assert told == ["key_suspended"]
    assert ApiKey.objects.get(pk=ask.key.pk).suspended_reason


def test_the_same_file_again_and_again_is_no_probing(
    call: Make, scanner: CountingScanner, workspace_setting: Callable[..., None]
) -> None:
    workspace_setting(
        key_limits=KeyLimits(probing_least_hits=2, probing_share_percent=100, probing_variants=4)
    )
    assert set(_probe(call(), scanner, [FILE] * 8)) == {200}


def test_a_great_share_of_hits_suspends_a_key(
    call: Make, scanner: CountingScanner, workspace_setting: Callable[..., None]
) -> None:
    workspace_setting(key_limits=KeyLimits(probing_least_hits=3, probing_share_percent=50))
    assert _probe(call(), scanner, [FILE] * 4) == [200, 200, 200, 401]


def test_another_processs_revocation_is_seen_within_a_second(
    call: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safelight.server.intake import api_keys

    ask = call()
    assert ask("POST", "scan", FILE, "image/png").status_code == 200
    ApiKey.objects.filter(pk=ask.key.pk).update(revoked_at=now())
    present = api_keys.time.monotonic() + 1.0
    monkeypatch.setattr(api_keys.time, "monotonic", lambda: present)
    assert ask("POST", "scan", FILE, "image/png").status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "body", "kind", "status"),
    [
        ("GET", "no/such/thing", b"", "", 404),
        ("DELETE", "scan", b"", "", 405),
        ("POST", "hashes", b"{", "application/json", 400),
        ("POST", "reports", b"a=b", "text/plain", 415),
        ("POST", "scan/batch", FILE, "image/png", 415),
        ("GET", "submissions/not-an-id", b"", "", 422),
    ],
)
def test_every_error_is_a_problem_document(
    call: Make, method: str, path: str, body: bytes, kind: str, status: int
) -> None:
    answer = call()(method, path, body, kind or "application/octet-stream")
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    assert set(answer.json()) == {"type", "title", "status", "detail"}
    assert answer.json()["status"] == status


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: x=1", "a\nb", "\x00"])
def test_a_header_cannot_be_smuggled_into_an_answer(call: Make, value: str) -> None:
    answer = call()("POST", "scan", FILE, "image/png", **{"Idempotency-Key": value})
    assert answer.status_code == 422
    assert not answer.cookies


def test_without_a_database_a_recognised_key_for_uploaders_is_answered_as_ever(
    call: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import OperationalError

    from safelight.server.api.routes import scan
    from safelight.server.intake import api_keys

    def down(*_args: Any, **_named: Any) -> Any:
        raise OperationalError("no database")

    ask = call("uploader")
    assert ask("POST", "scan", FILE, "image/png").status_code == 200
    limits._spent.clear()
    with monkeypatch.context() as patch:
        patch.setattr(limits, "_take", down)
        assert ask("POST", "scan", FILE, "image/png").status_code == 202
    present = api_keys.time.monotonic() + 5.0
    monkeypatch.setattr(api_keys, "_look_up", down)
    monkeypatch.setattr(scan, "receive_file", down)
    monkeypatch.setattr(api_keys.time, "monotonic", lambda: present)
    assert ask("POST", "scan", FILE, "image/png").status_code == 202
    with pytest.raises(OperationalError):
        authenticate("slk_000000000000_x")


def test_the_document_is_for_those_who_are_signed_in(person_with: Make) -> None:
    client = Client()
    assert client.get("/api/v1/openapi.json").status_code == 302
    client.force_login(person_with(), backend="django.contrib.auth.backends.ModelBackend")
    from safelight.server.api.openapi import document
    from safelight.server.api.urls import api

    told = document(api)
    assert told["openapi"].startswith("3.1")
    assert {"/api/v1/scan", "/api/v1/hashes", "/api/v1/reports", "/api/v1/gate"} <= set(told["paths"])
    text = json.dumps(told)
    for name in {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}:
        assert name in told["components"]["schemas"], name
    assert Occurrence.objects.count() == 0
