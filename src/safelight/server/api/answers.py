"""What a sender is answered: an uploader that it arrived, the platform's own server what the verdict is."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpResponse, JsonResponse

from safelight.server.intake.answers import Received
from safelight.server.intake.models import ApiKey
from safelight.server.operations.counts import count_verdict
from safelight.types import Outcome


def answer(key: ApiKey, received: Received) -> HttpResponse:
    """To an uploader the same 202 whatever became of it; to a server 200, or 202 for what was not scanned."""
    if received.verdict is not None:
        count_verdict(received.verdict)
    body: dict[str, str | None] = {"status": "received"}
    status = HTTPStatus.ACCEPTED
    if key.audience == ApiKey.Audience.SERVER and received.verdict is not None:
        verdict = received.verdict
        body |= {
            "id": str(received.intake_id) if received.intake_id else None,
            "outcome": verdict.outcome.value,
            "reason": verdict.reason.value if verdict.reason else None,
            "limited": verdict.limited.value if verdict.limited else None,
        }
        if verdict.outcome is not Outcome.UNSCANNED:
            status = HTTPStatus.OK
    response = JsonResponse(body, status=status.value)
    response["Cache-Control"] = "no-store"
    return response
