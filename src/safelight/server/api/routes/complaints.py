"""Complaints: whoever was acted on objects through the platform, and somebody who did not decide answers."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Schema, Status
from ninja.errors import HttpError
from pydantic import ConfigDict, Field

from safelight.server.api.callers import PERSON, person_of, server_key
from safelight.server.api.documents import PROBLEMS
from safelight.server.api.keys import key_of
from safelight.server.cases.complaints import LONGEST, answer_complaint, answer_for, complain
from safelight.server.cases.models import Complaint
from safelight.server.intake.api_keys import Scope
from safelight.server.intake.models import Occurrence

router: Final = Router(tags=["complaints"])


class ComplaintIn(Schema):
    """An objection to what was done about a submission, in the words of whoever objects."""

    model_config = ConfigDict(extra="forbid")

    submission: UUID
    text: str = Field(min_length=1, max_length=LONGEST)


class ComplaintOut(Schema):
    """Where a complaint stands. ``answer`` is for whoever objected; empty while it is open."""

    id: UUID
    state: Complaint.State
    received_at: datetime
    due_at: datetime
    answered_at: datetime | None
    answer: str


class AnswerIn(Schema):
    """The answer of somebody who did not decide."""

    model_config = ConfigDict(extra="forbid")

    upheld: bool
    answer: str = Field(min_length=1, max_length=LONGEST)


@router.post("/complaints", response={201: ComplaintOut, **PROBLEMS})
def make_complaint(request: HttpRequest, told: ComplaintIn) -> Status[ComplaintOut]:
    """Object to what was done about something that this key sent.

    Its evidence is kept until the complaint is answered. Needs a server's key with the scope `complaints`.
    """
    key = server_key(key_of(request), Scope.COMPLAINTS)
    occurrence = Occurrence.objects.filter(intake=told.submission, intake__key=key.key).first()
    if occurrence is None:
        raise HttpError(404, "This key sent no such submission, or nothing of it was kept.")
    return Status(201, _shown(complain(key, occurrence, told.text), ""))


@router.get("/complaints/{uuid:complaint_id}", response={200: ComplaintOut, **PROBLEMS})
def complaint(request: HttpRequest, complaint_id: UUID) -> ComplaintOut:
    """Where a complaint of this key's stands, and the answer to pass on."""
    return _shown(*answer_for(server_key(key_of(request), Scope.COMPLAINTS), complaint_id))


@router.post("/complaints/{uuid:complaint_id}/answer", auth=PERSON, response={200: ComplaintOut, **PROBLEMS})
def answer(request: HttpRequest, complaint_id: UUID, told: AnswerIn) -> ComplaintOut:
    """Answer, once. Upheld, a decision to dismiss takes the place of the one complained about."""
    actor = person_of(request)
    answered = answer_complaint(
        actor, get_object_or_404(Complaint, pk=complaint_id), upheld=told.upheld, answer=told.answer
    )
    return _shown(answered, told.answer)


def _shown(made: Complaint, words: str) -> ComplaintOut:
    return ComplaintOut(
        id=made.pk,
        state=Complaint.State(made.state),
        received_at=made.received_at,
        due_at=made.due_at,
        answered_at=made.answered_at,
        answer=words,
    )
