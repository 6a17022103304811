"""Every route of the API, version 1."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path
from ninja import NinjaAPI

from safelight.server.api.answers import answer
from safelight.server.api.keys import PlatformKey
from safelight.server.api.problems import tell_problems
from safelight.server.api.uploads import spooled, told_context
from safelight.server.intake.answers import NOT_PERMITTED
from safelight.server.intake.context import read_context
from safelight.server.intake.services import may_receive, receive_file
from safelight.server.people.actors import KeyActor

api = NinjaAPI(
    title="Safelight",
    version="1",
    urls_namespace="api-1",
    docs_url=None,
    openapi_url=None,
    auth=PlatformKey(),
)
tell_problems(api)


@api.post("/scan")
def scan(request: HttpRequest) -> HttpResponse:
    """Take one file in: the raw body, or the field ``file`` of a form.

    ``Safelight-Context`` is JSON about where it comes from; ``Idempotency-Key`` makes a repetition safe.
    """
    actor: Any = getattr(request, "auth", None)
    assert isinstance(actor, KeyActor)
    context = read_context(told_context(request))
    # Before the body is read: what may not be scanned is not even taken in.
    if not may_receive(actor, context):
        return answer(actor.key, NOT_PERMITTED)
    with spooled(request) as spool:
        received = receive_file(actor, spool, context, idempotency_key=request.headers.get("Idempotency-Key"))
    return answer(actor.key, received)


urlpatterns = [path("", api.urls)]
