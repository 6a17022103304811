"""What became of an arrival, for the key that sent it."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.http import HttpRequest
from ninja import Router

from safelight.server.api.keys import key_of, needs_server
from safelight.server.api.schemas import ERRORS, Outcome, SubmissionOut
from safelight.server.intake.status import submission

router: Final = Router(tags=["arrivals"])


@router.get("/submissions/{id}", response={200: SubmissionOut, **ERRORS})
def submissions(request: HttpRequest, id: UUID) -> SubmissionOut:  # noqa: A002 - the path's word
    """The verdict as it stands: for files that are scanned later, and after a lost answer.

    Only what this very key sent; keys for uploaders are told nothing.
    """
    needs_server(request)
    found = submission(key_of(request), id)
    verdict = found.verdict
    return SubmissionOut(
        id=found.intake_id,
        received_at=found.received_at,
        outcome=Outcome(verdict.outcome.value) if verdict else None,
        reason=verdict.reason.value if verdict and verdict.reason else None,
        limited=verdict.limited.value if verdict and verdict.limited else None,
    )
