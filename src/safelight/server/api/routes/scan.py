"""Files in: the raw body, or one field of a form."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse
from ninja import Router

from safelight.server.api.answers import answer
from safelight.server.api.keys import key_of
from safelight.server.api.uploads import spooled, told_context
from safelight.server.intake.answers import NOT_PERMITTED
from safelight.server.intake.context import read_context
from safelight.server.intake.services import may_receive, receive_file

router: Final = Router(tags=["arrivals"])


@router.post("/scan")
def scan(request: HttpRequest) -> HttpResponse:
    """Take one file in: the raw body, or the field ``file`` of a form.

    ``Safelight-Context`` is JSON about where it comes from; ``Idempotency-Key`` makes a repetition safe.
    """
    actor = key_of(request)
    context = read_context(told_context(request))
    # Before the body is read: what may not be scanned is not even taken in.
    if not may_receive(actor, context):
        return answer(actor.key, NOT_PERMITTED)
    with spooled(request) as spool:
        received = receive_file(actor, spool, context, idempotency_key=request.headers.get("Idempotency-Key"))
    return answer(actor.key, received)
