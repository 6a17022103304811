"""What the platform's own server is told: the verdict, or what its storage gate does with it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from django.http import HttpResponse, JsonResponse

from safelight.server.api.schemas import Outcome as OutcomeTold
from safelight.server.api.schemas import Verdict
from safelight.server.intake.answers import Received
from safelight.types import Outcome

_GATE: Final = {
    Outcome.CLEAR: HTTPStatus.OK,
    Outcome.HOLD: HTTPStatus.ACCEPTED,
    Outcome.UNSCANNED: HTTPStatus.ACCEPTED,
    Outcome.MATCH: HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS,
}


def told(received: Received) -> Verdict:
    """One arrival's verdict; which list it rests on is told in the console alone."""
    verdict = received.verdict
    return Verdict(
        status="received",
        id=received.intake_id,
        outcome=OutcomeTold(verdict.outcome.value) if verdict else None,
        reason=verdict.reason.value if verdict and verdict.reason else None,
        limited=verdict.limited.value if verdict and verdict.limited else None,
    )


def verdict_answer(received: Received) -> HttpResponse:
    """200 with the verdict; 202 for what was not scanned, which is never 200."""
    verdict = received.verdict
    scanned = verdict is not None and verdict.outcome is not Outcome.UNSCANNED
    return _json(told(received), HTTPStatus.OK if scanned else HTTPStatus.ACCEPTED)


def gate_answer(received: Received) -> HttpResponse:
    """200 store it, 202 keep it private until more is known, 451 refuse it."""
    assert received.verdict is not None
    return _json(told(received), _GATE[received.verdict.outcome])


def received_answer(received: Received) -> HttpResponse:
    """202 and the id: what somebody told is looked at by people."""
    return _json(told(received), HTTPStatus.ACCEPTED)


def _json(body: Verdict, status: HTTPStatus) -> HttpResponse:
    response = JsonResponse(body.model_dump(mode="json"), status=status.value)
    response["Cache-Control"] = "no-store"
    return response
