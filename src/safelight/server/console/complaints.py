"""Complaints that wait for an answer, and the form to give it: by somebody who did not decide the matter."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from safelight.errors import KeyMismatch, UsageError
from safelight.server.cases.complaints import NEUTRAL, answer_complaint, open_complaints, words_of
from safelight.server.cases.models import CaseOccurrence, Complaint
from safelight.server.console.access import act, done, page
from safelight.server.ids import now
from safelight.server.people.actors import PersonActor
from safelight.server.people.permissions import permissions_of
from safelight.server.people.roles import Permission


@dataclass(frozen=True, slots=True)
class Waiting:
    """A complaint as the page shows it."""

    complaint: Complaint
    text: str
    case: UUID | None
    overdue: bool


@page(Permission.CASE_READ_ALL)
def complaints(request: HttpRequest, actor: PersonActor) -> HttpResponse:
    """What waits for an answer, the first due in front."""
    try:
        shown = open_complaints(actor, after=request.GET.get("after") or None)
    except UsageError:
        return redirect("console_complaints")
    found = [complaint.occurrence_id for complaint in shown.items]
    cases = dict(CaseOccurrence.objects.filter(occurrence__in=found).values_list("occurrence", "case"))
    context = {
        "waiting": [
            Waiting(one, _words(actor, one), cases.get(one.occurrence_id), one.due_at <= now())
            for one in shown.items
        ],
        "after": shown.after,
        "may_answer": Permission.DECISION_SECOND in permissions_of(actor.person),
    }
    return render(request, "console/complaints.html", context)


def _words(actor: PersonActor, complaint: Complaint) -> str:
    """What was complained; or why it cannot be read, so that one damaged row hides no other."""
    try:
        return words_of(actor, complaint)[0]
    except KeyMismatch as error:
        return str(error)


@act(Permission.DECISION_SECOND)
def answer(request: HttpRequest, actor: PersonActor, complaint_id: UUID) -> HttpResponse:
    """Answer one, once: upheld or rejected, with words for whoever complained."""
    complaint = get_object_or_404(Complaint, pk=complaint_id)
    verdict = request.POST.get("act")
    if verdict not in {"uphold", "reject"}:
        return HttpResponseBadRequest()
    upheld = verdict == "uphold"
    words = request.POST.get("answer", "").strip() or str(NEUTRAL[upheld])
    done(request, lambda: answer_complaint(actor, complaint, upheld=upheld, answer=words), _("Answered."))
    return redirect("console_complaints")
