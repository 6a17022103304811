"""Look-ups by hash, answered without the frameworks, which cost more than the search that they wrap.

Only what is valid as it stands is answered here, by what answers the route. Everything else goes the long way
untouched, so that the description and the errors have one source each.
"""

from __future__ import annotations

import functools
import io
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from django.core.handlers.wsgi import WSGIRequest
from django.db import connection
from django.http import HttpResponse
from prometheus_client import Counter
from pydantic import ValidationError
from pydantic_core import to_json

from safelight.server.api.keys import recognise
from safelight.server.api.routes.hashes import answer_of, search_for
from safelight.server.api.schemas import LookUp
from safelight.server.api.urls import api
from safelight.server.lookups.models import LookUp as LookUpRow
from safelight.server.lookups.services import LookedUp, ToWrite, write_all
from safelight.server.operations.counts import REQUESTS, SECONDS
from safelight.server.operations.gateway import QUICK_BYTES
from safelight.server.operations.hosts import Start
from safelight.server.operations.promised import PROMISE, Headers, Promise
from safelight.server.people.actors import KeyActor
from safelight.server.together import Behind

PATH: Final = "/api/v1/hashes"
ROUTE: Final = "api-1:hashes"
"""The route's name in the counts, the same as the long way's."""
_SECONDS: Final = SECONDS.labels(ROUTE)
_HEADERS: Final = [
    ("Content-Type", "application/json"),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
]


def look_up_quickly(environ: dict[str, Any], start_response: Start) -> Iterable[bytes] | None:
    """The answer to a plain look-up; None, and nothing done, for any other request."""
    body = environ["wsgi.input"]
    if (
        environ["PATH_INFO"] != PATH
        or environ["REQUEST_METHOD"] != "POST"
        or not isinstance(body, io.BytesIO)
        or len(sent := body.getvalue()) > QUICK_BYTES
        or str(len(sent)) != environ.get("CONTENT_LENGTH")
    ):
        return None
    scheme, _, token = str(environ["HTTP_AUTHORIZATION"]).partition(" ")
    if scheme.lower() != "bearer":
        return None
    try:
        asked = LookUp.model_validate_json(sent)
    except ValidationError:
        return None
    began = time.perf_counter()
    promise: Promise | None = environ.get(PROMISE)
    # As Django does at the beginning of a request: a connection that broke or is too old is not used again.
    connection.close_if_unusable_or_obsolete()
    try:
        actor = recognise(token)
        found = search_for(actor, asked, environ.get("HTTP_IDEMPOTENCY_KEY"))
        if isinstance(found, ToWrite):
            if promise is not None and not _behind.is_slow():
                _behind(found.row, _Later(environ, actor, found, promise.leave(), began))
                return []
            found = found.write()
        status, headers, answer = _told(actor, found)
    except Exception as error:  # noqa: BLE001 - the API's own handlers tell each kind apart
        if promise is not None:
            promise.withdraw()
        status, headers, answer = _refused(environ, error)
    _count(status, began)
    start_response(f"{status.value} {status.phrase}", headers)
    return [answer]


@dataclass(frozen=True, slots=True)
class _Later:
    """Answers a look-up once it is known whether it was written."""

    environ: dict[str, Any]
    actor: KeyActor
    found: ToWrite
    give: Callable[[int, Headers, bytes], None]
    began: float

    def __call__(self, error: Exception | None) -> None:
        try:
            status, headers, answer = _told(self.actor, self.found.written(error))
        except Exception as failed:  # noqa: BLE001 - as above
            status, headers, answer = _refused(self.environ, failed)
        _count(status, self.began)
        self.give(status.value, headers, answer)


def _told(actor: KeyActor, found: LookedUp) -> tuple[HTTPStatus, Headers, bytes]:
    status, told = answer_of(actor, found)
    return status, list(_HEADERS), to_json(told)


def _refused(environ: dict[str, Any], error: Exception) -> tuple[HTTPStatus, Headers, bytes]:
    refused: HttpResponse = api.on_exception(WSGIRequest(environ), error)
    headers = {**refused.headers, "X-Content-Type-Options": "nosniff"}
    return HTTPStatus(refused.status_code), list(headers.items()), refused.content


def _count(status: HTTPStatus, began: float) -> None:
    _requests(status.value // 100).inc()
    _SECONDS.observe(time.perf_counter() - began)


@functools.cache
def _requests(hundreds: int) -> Counter:
    return REQUESTS.labels("POST", ROUTE, f"{hundreds}xx")


def _write(rows: Sequence[LookUpRow]) -> None:
    connection.close_if_unusable_or_obsolete()
    write_all(rows)


_behind: Final = Behind(_write, "safelight-look-ups")
