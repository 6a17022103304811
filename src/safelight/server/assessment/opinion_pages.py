"""The pages of second opinions: what waits, and the form that a second person answers on.

The page of an opinion is made of the file and of what lists say of it. It asks the database for no answer of
anybody else, unless the kind of opinion is one that may see them.
"""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from safelight.assessment import axes
from safelight.errors import SafelightError
from safelight.server.assessment import golden
from safelight.server.assessment.asking import answers_in, form_of
from safelight.server.assessment.models import GoldenTurn, Opinion, StoredAssessment
from safelight.server.assessment.opinion_facts import FileFacts, file_facts
from safelight.server.assessment.opinions import give, give_back, take_next, taken_by, waiting_for
from safelight.server.assessment.prefill import NOTHING, prefill
from safelight.server.assessment.services import standing
from safelight.server.assessment.showing import Shown, shown
from safelight.server.console.access import act, done, page
from safelight.server.people.actors import PersonActor
from safelight.server.people.permissions import PermissionDenied
from safelight.server.people.roles import Permission
from safelight.server.review.pane import Pane, pane_of_one, pane_of_training


@page(Permission.CASE_TAKE)
def opinions(request: HttpRequest, actor: PersonActor) -> HttpResponse:
    """How many opinions wait for this person, and the one that they have."""
    mine = [*taken_by(actor), *filter(None, [golden.taken_by(actor)])]
    context = {"waiting": waiting_for(actor).count(), "mine": mine}
    return render(request, "assessment/opinions.html", context)


@act(Permission.CASE_TAKE)
def next_opinion(request: HttpRequest, actor: PersonActor) -> HttpResponse:
    """Take the most urgent one."""
    found = golden.taken_by(actor) or taken_by(actor).first()
    if found is None and waiting_for(actor).exists():
        found = golden.take_instead(actor) or take_next(actor)
    if found is None:
        messages.info(request, _("No opinion waits for you."))
        return redirect("assessment_opinions")
    return redirect("assessment_opinion", found.pk)


@page(Permission.CASE_TAKE, methods=("GET", "HEAD", "POST"))
def opinion(request: HttpRequest, actor: PersonActor, opinion_id: UUID) -> HttpResponse:
    """Answer about one file."""
    found = taken_by(actor).filter(pk=opinion_id).select_related("item", "case").first()
    if found is None:
        return _golden(request, actor, opinion_id)
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
    said = _("Left to somebody else. Nobody asks why.")
    turn = golden.taken_by(actor)
    if turn is not None and turn.pk == opinion_id:
        done(request, lambda: golden.give_back(actor, turn), said)
        return redirect("assessment_opinions")
    found = get_object_or_404(Opinion, pk=opinion_id, taken_by=actor.person, state=Opinion.State.TAKEN)
    done(request, lambda: give_back(actor, found), said)
    return redirect("assessment_opinions")


def _golden(request: HttpRequest, actor: PersonActor, turn_id: UUID) -> HttpResponse:
    """The same form about a golden item; once it is answered, what was expected."""
    turn = get_object_or_404(GoldenTurn.objects.select_related("item"), pk=turn_id, person=actor.person)
    told, status = axes.Assessment(), 200
    if request.method == "POST" and turn.given_at is None:
        try:
            told = answers_in(request.POST)
            golden.give(actor, turn, told)
        except SafelightError as refused:
            messages.error(request, str(refused))
            status = 400
        else:
            return redirect("assessment_opinion", turn.pk)
    if turn.given_at is not None:
        lines, why = golden.told_afterwards(turn)
        return render(request, "assessment/golden.html", {"lines": lines, "why": why, "turn": turn})
    context = {
        "opinion": {"pk": turn.pk, "kind": Opinion.Kind.BLIND.value},
        "item": turn.item,
        "facts": FileFacts((), (), examined=False, says=""),
        "form": form_of(told, NOTHING, request.POST.get("note", "")),
        "pane": pane_of_training(actor, turn.pk, turn.item_id, reached=turn.level),
        "others": (),
    }
    return render(request, "assessment/opinion.html", context, status=status)


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
