"""Files in: the raw body, or fields of a form."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import Router

from safelight.server.api.alike import Answer, answered
from safelight.server.api.answers import gate_answer, verdict_answer
from safelight.server.api.batches import scan_each
from safelight.server.api.callers import server_key
from safelight.server.api.keys import key_of, needs_server
from safelight.server.api.limits import spend_budget
from safelight.server.api.probing import watch
from safelight.server.api.schemas import ERRORS, Alike, BatchAnswer, Verdict
from safelight.server.api.uploads import FILE, FORM, HEADERS, spooled, told_context
from safelight.server.intake.answers import NOT_PERMITTED, Received
from safelight.server.intake.api_keys import Scope
from safelight.server.intake.context import read_context
from safelight.server.intake.services import may_receive, receive_file

router: Final = Router(tags=["arrivals"])

_ONE: Final[dict[str, Any]] = {"requestBody": FILE, "parameters": HEADERS}


@router.post("/scan", response={200: Verdict | Alike, 202: Verdict | Alike, **ERRORS}, openapi_extra=_ONE)
def scan(request: HttpRequest) -> HttpResponse:
    """Take one file in: the raw body, or the field `file` of a form.

    A key of your server is told the verdict: 200, or 202 for what was not scanned. A key for uploaders is
    told 200 for what is clear and for everything else one same 202, after one same time.
    """
    return _scan(request, verdict_answer)


@router.post("/gate", response={200: Verdict, 202: Verdict, 451: Verdict, **ERRORS}, openapi_extra=_ONE)
def gate(request: HttpRequest) -> HttpResponse:
    """As `scan`, with what to do about it as the status: 200 store, 202 keep private for now, 451 refuse.

    For keys of your own server only. Treat any other answer, and none, as 202.
    """
    needs_server(request)
    return _scan(request, gate_answer)


@router.post(
    "/scan/batch",
    response={200: BatchAnswer, **ERRORS},
    openapi_extra={"requestBody": FORM, "parameters": HEADERS},
)
def scan_batch(request: HttpRequest) -> HttpResponse:
    """Take several files in: a form with fields `file`, and `about`, a JSON array with one object for each.

    Each file has a result of its own, and its own idempotency key. For keys of your own server only.
    """
    server_key(key_of(request), Scope.SCAN)
    return scan_each(request, settings.CONFIG.limits.batch_files)


def _scan(request: HttpRequest, to_server: Answer) -> HttpResponse:
    actor = key_of(request)

    def work() -> Received:
        spend_budget(actor.key)
        context = read_context(told_context(request))
        # Before the body is read: what may not be scanned is not even taken in.
        if not may_receive(actor, context):
            return NOT_PERMITTED
        with spooled(request) as spool:
            once = request.headers.get("Idempotency-Key")
            received = receive_file(actor, spool, context, idempotency_key=once)
        watch(actor.key, received)
        return received

    return answered(request, work, to_server)
