"""Files that the platform names instead of sending: in one of its buckets, or at one of its hosts."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema
from pydantic import ConfigDict, Field

from safelight.server.api.answers import answer
from safelight.server.api.callers import server_key
from safelight.server.api.documents import PROBLEMS, VerdictOut
from safelight.server.api.keys import key_of
from safelight.server.api.uploads import told_context
from safelight.server.fetching.services import fetch
from safelight.server.intake.answers import NOT_PERMITTED
from safelight.server.intake.api_keys import Scope
from safelight.server.intake.context import read_context
from safelight.server.intake.services import may_receive, receive_file

router: Final = Router(tags=["arrivals"])


class ReferenceIn(Schema):
    """Which file."""

    model_config = ConfigDict(extra="forbid")

    reference: str = Field(min_length=1, max_length=2_000, description="s3://bucket/key or https://host/path")


@router.post("/scan/reference", response={200: VerdictOut, 202: VerdictOut, **PROBLEMS})
def scan_reference(request: HttpRequest, told: ReferenceIn) -> HttpResponse:
    """Fetch one file and take it in, as if it had been sent. Answers as `POST /scan` does.

    Only from buckets and hosts that the operator named; none are by default. Needs a server's key.
    ``Safelight-Context`` and ``Idempotency-Key`` are as there.
    """
    actor = server_key(key_of(request), Scope.SCAN)
    context = read_context(told_context(request))
    # Before anything is fetched: what may not be scanned is not even looked for.
    if not may_receive(actor, context):
        return answer(actor.key, NOT_PERMITTED)
    with fetch(told.reference) as spool:
        received = receive_file(actor, spool, context, idempotency_key=request.headers.get("Idempotency-Key"))
    return answer(actor.key, received)
