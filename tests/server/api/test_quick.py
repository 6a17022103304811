"""Look-ups answered without the frameworks: told, counted and refused as the long way does it."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.db import IntegrityError, OperationalError, close_old_connections, connection
from prometheus_client import REGISTRY

from safelight.server.api import quick
from safelight.server.api.handler import KeyHandler
from safelight.server.api.quick import look_up_quickly
from safelight.server.api.schemas import LookUpAnswer
from safelight.server.lookups.models import LookUp
from safelight.server.operations.promised import PROMISE, Promise
from safelight.server.together import Behind

pytestmark = pytest.mark.usefixtures("db", "keys", "vault", "scanner")
Make = Callable[..., Any]
SHA256 = hashlib.sha256(b"a picture's bytes").hexdigest()
PLAIN: dict[str, Any] = {"hashes": {"sha256": SHA256, "pdq": "0f" * 32, "pdq_quality": 90}}


@pytest.fixture(autouse=True)
def one_connection(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A request would close the connection that the test's transaction is on."""
    monkeypatch.setattr(connection, "close_if_unusable_or_obsolete", lambda: None)
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


class InThisThread(Behind[LookUp]):
    """Writes at once: another thread has another connection, which does not see the test's transaction."""

    def __call__(self, asked: LookUp, then: Callable[[Exception | None], None]) -> None:
        self._write_some([(asked, then)])


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("safelight.server.api.quick._behind", InThisThread(quick._write, "test-look-ups"))


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


@pytest.fixture
def both(sender: Make, loop: asyncio.AbstractEventLoop) -> Make:
    """What the short and the long way answer to the same request of the same key."""
    secret = "s" * 43

    def ask(body: Any, *, audience: str = "server", **environ: str) -> tuple[Any, Any]:
        actor = sender(audience=audience)
        actor.key.secret_digest = hashlib.sha256(secret.encode()).digest()
        actor.key.scopes = ["look_up"]
        actor.key.save()
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        bearer = f"Bearer slk_{actor.key.prefix}_{secret}"

        def one(application: Any) -> Any:
            told: list[Any] = []
            given: list[tuple[int, Any, bytes]] = []
            promise = Promise(loop, lambda *answer: given.append(answer))
            request: dict[str, Any] = {
                "REQUEST_METHOD": "POST",
                "PATH_INFO": "/api/v1/hashes",
                "SERVER_NAME": "localhost",
                "SERVER_PORT": "8400",
                "HTTP_HOST": "localhost:8400",
                "HTTP_AUTHORIZATION": bearer,
                "CONTENT_TYPE": "application/json",
                "CONTENT_LENGTH": str(len(sent)),
                "wsgi.url_scheme": "http",
                "wsgi.input": io.BytesIO(sent),
                PROMISE: promise,
                **environ,
            }
            pieces = application(request, lambda status, headers: told.append((status, headers)))
            if pieces is None:
                return None
            if promise.stands():
                [(number, headers, body)] = given
                assert not told
                return f"{number} {HTTPStatus(number).phrase}", dict(headers), json.loads(body)
            assert not given
            [(status, headers)] = told
            return status, dict(headers), json.loads(b"".join(pieces))

        return one(look_up_quickly), one(KeyHandler())

    return ask


@pytest.mark.parametrize(
    "body",
    [
        PLAIN,
        {"hashes": {"sha256": SHA256.upper()}},
        {"hashes": {"sha256": SHA256, "pdq": "0f" * 32, "pdq_quality": 3}},
        PLAIN | {"context": {"account": "u-1", "country": "de", "occurred_at": "2026-05-01T12:00:00Z"}},
        PLAIN | {"context": {"surface": "another"}},
    ],
)
def test_both_ways_answer_alike(both: Make, body: Any) -> None:
    short, long = both(body)
    assert short == long
    if short[0] == "200 OK":
        assert LookUpAnswer.model_validate(short[2]).model_dump(mode="json") == short[2]


@pytest.mark.parametrize(
    "environ",
    [
        {"HTTP_AUTHORIZATION": "Bearer slk_000000000000_x"},
        {"HTTP_AUTHORIZATION": "Bearer "},
        {"HTTP_IDEMPOTENCY_KEY": "x" * 101},
    ],
)
def test_both_ways_refuse_alike(both: Make, environ: dict[str, str]) -> None:
    short, long = both(PLAIN, **environ)
    assert short == long
    assert short[1]["Content-Type"] == "application/problem+json"


def test_a_key_for_uploaders_is_refused_alike(both: Make) -> None:
    short, long = both(PLAIN, audience="uploader")
    assert short == long
    assert short[0].startswith("403")


def test_a_repeated_look_up_is_the_same_one(both: Make) -> None:
    short, long = both(PLAIN, HTTP_IDEMPOTENCY_KEY="once")
    assert short == long
    assert LookUp.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "environ"),
    [
        (b"{", {}),
        ({"hashes": {"sha256": "x"}}, {}),
        (PLAIN | {"more": 1}, {}),
        (PLAIN, {"CONTENT_LENGTH": "9"}),
        (PLAIN, {"REQUEST_METHOD": "GET"}),
        (PLAIN, {"PATH_INFO": "/api/v1/hashes/"}),
        (PLAIN, {"HTTP_AUTHORIZATION": "Basic eDp5"}),
    ],
)
def test_whatever_is_out_of_the_ordinary_goes_the_long_way_untouched(
    both: Make, body: Any, environ: dict[str, str]
) -> None:
    short, long = both(body, **environ)
    assert short is None
    assert not long[0].startswith("2")
    assert not LookUp.objects.exists()


def away(*_: object, **__: object) -> None:
    raise OperationalError("server closed the connection")


@pytest.mark.parametrize(
    "broken",
    [("safelight.server.api.routes.hashes.look_up",), ("safelight.server.lookups.services.insert_rows",)],
    ids=["while it is compared", "while it is written"],
)
def test_a_database_that_is_away_is_told_alike(
    both: Make, monkeypatch: pytest.MonkeyPatch, broken: tuple[str, ...]
) -> None:
    for name in broken:
        monkeypatch.setattr(name, away)
    short, long = both(PLAIN)
    assert short == long
    assert short[0].startswith("503")
    assert not LookUp.objects.exists()


def test_what_another_broke_of_those_written_together_is_written_alone(
    both: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def another_is_refused(_rows: object) -> None:
        raise IntegrityError("another's idempotency key")

    monkeypatch.setattr(
        "safelight.server.api.quick._behind", InThisThread(another_is_refused, "test-look-ups")
    )
    short, long = both(PLAIN)
    assert short == long
    assert short[0] == "200 OK"
    assert LookUp.objects.count() == 2


def test_nothing_more_waits_for_a_commit_that_may_never_end(
    both: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(InThisThread, "is_slow", lambda _self: True)
    monkeypatch.setattr(InThisThread, "__call__", None)
    short, long = both(PLAIN)
    assert short == long
    assert LookUp.objects.count() == 2


def test_both_ways_count_alike(both: Make) -> None:
    labels = {"method": "POST", "route": "api-1:hashes", "status": "2xx"}
    before = REGISTRY.get_sample_value("safelight_requests_total", labels) or 0
    both(PLAIN)
    assert REGISTRY.get_sample_value("safelight_requests_total", labels) == before + 2
