"""Look-ups by hash, answered without the frameworks, which cost more than the search that they wrap.

Only what is valid as it stands is answered here, by what answers the route. Everything else goes the long way
untouched, so that the description and the errors have one source each.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Final

from django.core.handlers.wsgi import WSGIRequest
from django.db import close_old_connections
from django.http import HttpResponse
from pydantic import ValidationError

from safelight.server.api.keys import recognise
from safelight.server.api.routes.hashes import answer_to
from safelight.server.api.schemas import LookUp
from safelight.server.api.urls import api
from safelight.server.operations.counts import REQUESTS, SECONDS
from safelight.server.operations.hosts import Start

PATH: Final = "/api/v1/hashes"
ROUTE: Final = "api-1:hashes"
"""The route's name in the counts, the same as the long way's."""
_LARGEST: Final = 4096
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
        or len(sent := body.getvalue()) > _LARGEST
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
    # As Django does at the beginning of a request: a connection that broke or is too old is not used again.
    close_old_connections()
    status, headers, answer = _answered(environ, token, asked)
    REQUESTS.labels("POST", ROUTE, f"{status.value // 100}xx").inc()
    SECONDS.labels(ROUTE).observe(time.perf_counter() - began)
    start_response(f"{status.value} {status.phrase}", headers)
    return [answer]


def _answered(
    environ: dict[str, Any], token: str, asked: LookUp
) -> tuple[HTTPStatus, list[tuple[str, str]], bytes]:
    try:
        status, told = answer_to(recognise(token), asked, environ.get("HTTP_IDEMPOTENCY_KEY"))
    except Exception as error:  # noqa: BLE001 - the API's own handlers tell each kind apart
        refused: HttpResponse = api.on_exception(WSGIRequest(environ), error)
        headers = {**refused.headers, "X-Content-Type-Options": "nosniff"}
        return HTTPStatus(refused.status_code), list(headers.items()), refused.content
    return status, list(_HEADERS), json.dumps(told).encode()
