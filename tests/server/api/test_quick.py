"""Look-ups answered without the frameworks: told, counted and refused as the long way does it."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.db import OperationalError, close_old_connections
from prometheus_client import REGISTRY

from safelight.server.api.handler import KeyHandler
from safelight.server.api.quick import look_up_quickly
from safelight.server.api.schemas import LookUpAnswer
from safelight.server.lookups.models import LookUp

pytestmark = pytest.mark.usefixtures("db", "keys", "vault", "scanner")
Make = Callable[..., Any]
SHA256 = hashlib.sha256(b"a picture's bytes").hexdigest()
PLAIN: dict[str, Any] = {"hashes": {"sha256": SHA256, "pdq": "0f" * 32, "pdq_quality": 90}}


@pytest.fixture(autouse=True)
def one_connection(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A request would close the connection that the test's transaction is on."""
    monkeypatch.setattr("safelight.server.api.quick.close_old_connections", lambda: None)
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def both(sender: Make) -> Make:
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
                **environ,
            }
            pieces = application(request, lambda status, headers: told.append((status, headers)))
            if pieces is None:
                return None
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
    quick, long = both(body)
    assert quick == long
    if quick[0] == "200 OK":
        assert LookUpAnswer.model_validate(quick[2]).model_dump(mode="json") == quick[2]


@pytest.mark.parametrize(
    "environ",
    [
        {"HTTP_AUTHORIZATION": "Bearer slk_000000000000_x"},
        {"HTTP_AUTHORIZATION": "Bearer "},
        {"HTTP_IDEMPOTENCY_KEY": "x" * 101},
    ],
)
def test_both_ways_refuse_alike(both: Make, environ: dict[str, str]) -> None:
    quick, long = both(PLAIN, **environ)
    assert quick == long
    assert quick[1]["Content-Type"] == "application/problem+json"


def test_a_key_for_uploaders_is_refused_alike(both: Make) -> None:
    quick, long = both(PLAIN, audience="uploader")
    assert quick == long
    assert quick[0].startswith("403")


def test_a_repeated_look_up_is_the_same_one(both: Make) -> None:
    quick, long = both(PLAIN, HTTP_IDEMPOTENCY_KEY="once")
    assert quick == long
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
    quick, long = both(body, **environ)
    assert quick is None
    assert not long[0].startswith("2")
    assert not LookUp.objects.exists()


def test_a_database_that_is_away_is_told_alike(both: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("server closed the connection")

    monkeypatch.setattr("safelight.server.api.routes.hashes.look_up", away)
    quick, long = both(PLAIN)
    assert quick == long
    assert quick[0].startswith("503")


def test_both_ways_count_alike(both: Make) -> None:
    labels = {"method": "POST", "route": "api-1:hashes", "status": "2xx"}
    before = REGISTRY.get_sample_value("safelight_requests_total", labels) or 0
    both(PLAIN)
    assert REGISTRY.get_sample_value("safelight_requests_total", labels) == before + 2
