"""Not an oracle: an uploader is told 200 for what is clear, and for everything else one same answer.

Match, hold, unscanned for whatever reason, no list, and a vault, database or sandbox that does not answer:
the same bytes and headers, after the same time but for chance, whether or not the work is done.
So that 202 is no receipt. It says: keep this to yourself until your server's own key knows more.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from django.conf import settings
from django.db import Error as AnyDatabaseError
from django.http import HttpRequest, HttpResponse

from safelight.errors import SafelightError, SpoolTooLarge
from safelight.server.api.answers import verdict_answer
from safelight.server.api.keys import key_of
from safelight.server.api.limits import TooMany
from safelight.server.api.problems import Refusal
from safelight.server.intake.answers import Received
from safelight.server.intake.errors import ContextRefused, KeyReused
from safelight.server.intake.models import ApiKey
from safelight.server.operations.promised import PROMISE, Headers, Promise
from safelight.types import Outcome

_log: Final = logging.getLogger("safelight.api")
_CLEAR: Final = b'{"status":"clear"}'
_ALIKE: Final = b'{"status":"received"}'
_SPREAD: Final = 0.1
"""The share of the time by which it varies by chance: more than a busy thread costs another's answer."""
_HEADERS: Final[Headers] = [
    ("Content-Type", "application/json"),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
]

Work = Callable[[], Received]
Answer = Callable[[Received], HttpResponse]


def answered(
    request: HttpRequest, work: Work, to_server: Answer = verdict_answer, *, clear_is_told: bool = True
) -> HttpResponse:
    """What a key is answered about one arrival: a server ``to_server``, an uploader nothing but the above.

    What is wrong with the request itself is told to both. ``clear_is_told`` is False where every answer is
    202. Raises what ``work`` raises, for a server.
    """
    if key_of(request).key.audience == ApiKey.Audience.SERVER:
        return to_server(work())
    return _to_uploader(request, work, clear_is_told)


def _to_uploader(request: HttpRequest, work: Work, clear_is_told: bool) -> HttpResponse:
    began = time.monotonic()
    seconds = settings.CONFIG.answers.alike_seconds * (1.0 + _SPREAD * secrets.SystemRandom().random())
    promise: Promise | None = request.META.get(PROMISE)
    if promise is not None:
        promise.make(seconds, HTTPStatus.ACCEPTED.value, _HEADERS, _ALIKE)
    try:
        received = work()
    except (ContextRefused, KeyReused, Refusal, SpoolTooLarge, TooMany):
        if promise is not None:
            promise.withdraw()
        raise
    except (SafelightError, AnyDatabaseError, OSError):
        _log.exception("an arrival was not taken in")
        received = None
    clear = received is not None and received.verdict and received.verdict.outcome is Outcome.CLEAR
    if clear and clear_is_told:
        if promise is not None:
            promise.withdraw()
        return _response(HTTPStatus.OK, _CLEAR)
    if promise is None:  # without our gateway, as in tests: there is no loop to give it later
        time.sleep(max(0.0, began + seconds - time.monotonic()))
    return _response(HTTPStatus.ACCEPTED, _ALIKE)


def _response(status: HTTPStatus, body: bytes) -> HttpResponse:
    return HttpResponse(body, status=status.value, headers=dict(_HEADERS))
