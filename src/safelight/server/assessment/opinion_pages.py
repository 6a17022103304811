"""The pages of second opinions: what waits, and the form that a second person answers on.

The page of an opinion is made of the file and of what lists say of it. It asks the database for no answer of
anybody else, unless the kind of opinion is one that may see them.
"""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from safelight.errors import SafelightError
from safelight.server.assessment.asking import answers_in, form_of
from safelight.server.assessment.models import Opinion, StoredAssessment
from safelight.server.assessment.opinion_facts import file_facts
from safelight.server.assessment.opinions import give, give_back, take_next, taken_by, waiting_for
from safelight.server.assessment.prefill import prefill
from safelight.server.assessment.services import standing
from safelight.server.assessment.showing import Shown, shown
from safelight.server.console.access import act, done, page
from safelight.server.people.actors import PersonActor
from safelight.server.people.permissions import PermissionDenied
from safelight.server.people.roles import Permission
from safelight.server.review.pane import Pane, pane_of_one


@page(Permission.CASE_TAKE)
def opinions(request: HttpRequest, actor: PersonActor) -> HttpResponse:
    """How many opinions wait for this person, and the one that they have."""
    context = {"waiting": waiting_for(actor).count(), "mine": taken_by(actor)}
    return render(request, "assessment/opinions.html", context)


@act(Permission.CASE_TAKE)
def next_opinion(request: HttpRequest, actor: PersonActor) -> HttpResponse:
    """Take the most urgent one."""
    found = take_next(actor)
    if found is None:
        messages.info(request, _("No opinion waits for you."))
        return redirect("assessment_opinions")
    return redirect("assessment_opinion", found.pk)


@page(Permission.CASE_TAKE, methods=("GET", "HEAD", "POST"))
def opinion(request: HttpRequest, actor: PersonActor, opinion_id: UUID) -> HttpResponse:
    """Answer about one file."""
    found = taken_by(actor).filter(pk=opinion_id).select_related("item", "case").first()
    if found is None:
        raise Http404
    known = prefill(found.item)
    told, note, status = known.told, "", 200
    if request.method == "POST":
        note = request.POST.get("note", "")
        try:
            told = answers_in(request.POST)
            given = give(actor, found, told, note=note)
        except SafelightError as refused:
            messages.error(request, str(refused))
            status = 400
        else:
            _thanked(request, given)
            return redirect("assessment_opinions")
    context = {
        "opinion": found,
        "item": found.item,
        "facts": file_facts(found.item),
        "form": form_of(told, known, note),
        "pane": _pane(actor, found),
        "others": _others(found),
    }
    return render(request, "assessment/opinion.html", context, status=status)


@act(Permission.CASE_TAKE)
def back(request: HttpRequest, actor: PersonActor, opinion_id: UUID) -> HttpResponse:
    """Leave it to somebody else."""
    found = get_object_or_404(Opinion, pk=opinion_id, taken_by=actor.person, state=Opinion.State.TAKEN)
    done(request, lambda: give_back(actor, found), _("Left to somebody else. Nobody asks why."))
    return redirect("assessment_opinions")


def _pane(actor: PersonActor, found: Opinion) -> Pane | None:
    """None where this person may not look now: without a second factor, say. They are told when they try."""
    try:
        return pane_of_one(actor, found.case, found.item)
    except PermissionDenied:
        return None


def _others(found: Opinion) -> tuple[Shown, ...]:
    """What others answered, for whoever may see it before answering; for a blind opinion nothing is asked."""
    if found.kind == Opinion.Kind.BLIND:
        return ()
    given = standing(found.case, found.item).order_by("at")
    if found.kind == Opinion.Kind.SECOND:
        given = given.filter(role=StoredAssessment.Role.FIRST)
    return tuple(shown(one) for one in given.select_related("person"))


def _thanked(request: HttpRequest, given: Opinion) -> None:
    if given.differs and given.kind != Opinion.Kind.SENIOR:
        messages.success(request, _("Kept. It differs from the first answer, so a senior decides."))
    else:
        messages.success(request, _("Kept. Thank you."))
