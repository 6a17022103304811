"""POST /api/v1/scan as a platform calls it: what is answered, and what a sender can learn from it."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import InterfaceError, OperationalError
from django.http import HttpResponse
from django.test import Client, RequestFactory
from intake_doubles import CountingScanner, MemoryVault

from safelight.errors import StoreFull
from safelight.server.api.uploads import spooled
from safelight.server.cases.models import Case
from safelight.server.config import Answers
from safelight.server.intake.models import Intake, LegalBasis, NotPermitted, Occurrence
from safelight.types import Outcome
from safelight.vault.spool import Spool

pytestmark = pytest.mark.usefixtures("db", "keys", "vault", "scanner")
Make = Callable[..., Any]
FILE = b"a picture's bytes"


@pytest.fixture
def platform(sender: Make) -> Make:
    """Sends as a key of some audience; ``told`` is the context."""
    secret = secrets.token_urlsafe(32)

    def send(
        content: bytes = FILE,
        *,
        audience: str = "uploader",
        visibility: str = "public",
        told: dict[str, Any] | None = None,
        form: dict[str, Any] | None = None,
        actor: Any = None,
        **headers: str,
    ) -> HttpResponse:
        actor = actor or sender(visibility, audience=audience)
        actor.key.secret_digest = hashlib.sha256(secret.encode()).digest()
        actor.key.save()
        headers = {"Authorization": f"Bearer slk_{actor.key.prefix}_{secret}", **headers}
        if told is not None:
            headers["Safelight-Context"] = json.dumps(told)
        if form is not None:
            return Client().post("/api/v1/scan", form, headers=headers)
        return Client().post(
            "/api/v1/scan", content, content_type="application/octet-stream", headers=headers
        )

    return send


@pytest.fixture(autouse=True)
def soon(workspace_setting: Callable[..., None]) -> None:
    """Without our gateway a thread waits for the time at which all but *clear* is answered."""
    workspace_setting(answers=Answers(alike_seconds=0.1))


@pytest.mark.parametrize("visibility", ["public", "private"])
def test_an_uploader_is_told_what_is_clear_and_nothing_else(
    platform: Make, sender: Make, scanner: CountingScanner, visibility: str
) -> None:
    actor = sender(visibility)
    LegalBasis.objects.create(surface=actor.key.surface, country="*", permitted=True, basis="a law")
    answers: dict[int, set[Any]] = {}
    for outcome in Outcome:
        scanner.told[FILE] = outcome
        response = platform(actor=actor)
        told = (response.content, tuple(response.headers.items()))
        answers.setdefault(response.status_code, set()).add(told)
    assert {status: len(told) for status, told in answers.items()} == {200: 1, 202: 1}
    assert json.loads(answers[202].pop()[0]) == {"status": "received"}


@pytest.mark.parametrize("outcome", list(Outcome))
def test_the_platforms_server_learns_the_verdict_and_unscanned_is_never_200(
    platform: Make, scanner: CountingScanner, outcome: Outcome
) -> None:
    scanner.told[FILE] = outcome
    response = platform(audience="server")
    assert response.status_code == (202 if outcome is Outcome.UNSCANNED else 200)
    told = response.json()
    assert told["outcome"] == outcome.value
    assert told["id"] == str(Intake.objects.get().pk)
    assert set(told) == {"status", "id", "outcome", "reason", "limited"}


def test_without_permission_the_body_is_not_even_read(
    platform: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def must_not(*_args: Any, **_named: Any) -> Any:
        raise AssertionError("spooled without permission")

    monkeypatch.setattr(Spool, "__init__", must_not)
    response = platform(audience="server", visibility="private", told={"country": "DE"})
    assert response.status_code == 202
    assert response.json()["reason"] == "not_permitted"
    assert not Intake.objects.exists()
    assert NotPermitted.objects.get().count == 1


def test_a_raw_body_and_a_form_are_the_same_to_us(
    platform: Make, sender: Make, scanner: CountingScanner, vault: MemoryVault
) -> None:
    scanner.told[FILE] = Outcome.MATCH
    actor = sender(audience="server")
    raw = platform(actor=actor, told={"account": "u1"})
    form = {"context": '{"account": "u1"}', "file": SimpleUploadedFile("x.png", FILE)}
    assert raw.status_code == platform(actor=actor, form=form).status_code == 200
    assert Case.objects.get().members.count() == 2
    assert list(vault.bytes.values()) == [FILE]


def test_a_large_upload_never_has_a_name(
    platform: Make, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, scanner: CountingScanner
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    content = os.urandom(9 << 20)  # beyond what a spool holds in memory
    limits = settings.CONFIG.limits.model_copy(update={"inline_mib": 16})
    monkeypatch.setattr(settings, "CONFIG", settings.CONFIG.model_copy(update={"limits": limits}))
    assert platform(content, audience="server").json()["outcome"] == "clear"
    form = {"file": SimpleUploadedFile("x.png", content)}
    assert platform(form=form, audience="server").json()["outcome"] == "clear"
    assert list(tmp_path.iterdir()) == []
    assert scanner.calls == 2


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"other": SimpleUploadedFile("x", FILE)},
        {"file": "not a file"},
        {"file": SimpleUploadedFile("x", FILE), "more": SimpleUploadedFile("y", FILE)},
    ],
)
def test_a_form_holds_one_file(platform: Make, form: dict[str, Any]) -> None:
    response = platform(form=form)
    assert response.status_code == 422
    assert response["Content-Type"] == "application/problem+json"
    assert not Intake.objects.exists()


def test_a_body_that_was_cut_short_is_not_taken_for_the_file() -> None:
    request = RequestFactory().post("/api/v1/scan", FILE, content_type="image/png")
    request.META["CONTENT_LENGTH"] = str(len(FILE) + 1)
    from safelight.server.api.problems import Refusal

    with pytest.raises(Refusal) as refused, spooled(request):
        pass
    assert refused.value.status == 400


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer wrong", "Bearer slk_000000000000_x", "Basic eDp5"])
def test_no_key_no_answer(token: str) -> None:
    response = Client().post(
        "/api/v1/scan", FILE, content_type="image/png", headers={"Authorization": token} if token else {}
    )
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["status"] == 401


@pytest.mark.parametrize(
    "told", ["[]", "{", '{"country": "Germany"}', '{"surface": "another"}', '{"more": 1}', "\xff"]
)
def test_a_context_that_cannot_be_is_refused(platform: Make, told: str) -> None:
    response = platform(**{"Safelight-Context": told})
    assert response.status_code == 422
    assert set(response.json()) == {"type", "title", "status", "detail"}
    assert not Intake.objects.exists()


def test_an_idempotency_key_gives_the_same_answer_once(
    platform: Make, sender: Make, scanner: CountingScanner
) -> None:
    actor, once = sender(audience="server"), {"Idempotency-Key": "once"}
    first = platform(actor=actor, **once)
    scanner.told[FILE] = Outcome.MATCH
    again = platform(actor=actor, **once)
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert Occurrence.objects.count() == 1
    assert platform(b"another", actor=actor, **once).status_code == 422
    assert platform(actor=actor, **{"Idempotency-Key": "x" * 101}).status_code == 422


def test_what_the_operator_has_to_mend_is_not_told_to_a_sender(
    platform: Make, scanner: CountingScanner, vault: MemoryVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_fd: int) -> Any:
        raise StoreFull("/a/path/of/ours is full")

    scanner.told[FILE] = Outcome.MATCH
    monkeypatch.setattr(vault, "store_sealed", full)
    response = platform(audience="server")
    assert response.status_code == 503
    assert response["Retry-After"]
    assert b"/a/path" not in response.content
    assert platform().status_code == 202  # nor that there is something to mend
    assert not Intake.objects.exists()


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
@pytest.mark.parametrize("where", ["authenticate", "receive_file"])
def test_while_the_database_is_away_a_sender_is_told_to_come_back(
    platform: Make, monkeypatch: pytest.MonkeyPatch, error: type[Exception], where: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error("server closed the connection")

    module = {"authenticate": "keys", "receive_file": "routes.scan"}[where]
    monkeypatch.setattr(f"safelight.server.api.{module}.{where}", fail)
    response = platform(audience="server")  # an uploader would be answered as ever
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert "server closed" not in response.content.decode()


def test_a_private_surface_is_scanned_while_its_basis_holds(platform: Make, sender: Make) -> None:
    actor = sender("private", audience="server")
    LegalBasis.objects.create(surface=actor.key.surface, country="DE", permitted=True, basis="a law")
    assert platform(actor=actor, told={"country": "DE"}).json()["outcome"] == "clear"
    assert platform(actor=actor, told={"country": "FR"}).json()["reason"] == "not_permitted"


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
def test_files_are_only_posted(method: str) -> None:
    assert getattr(Client(), method)("/api/v1/scan").status_code in (401, 405)
