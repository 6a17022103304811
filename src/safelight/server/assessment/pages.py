"""The pages on which a reviewer assesses a file, decides about it, and lets equal files follow."""

from __future__ import annotations

import contextlib
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from safelight.assessment import axes
from safelight.errors import SafelightError, UsageError
from safelight.server.assessment.asking import answers_in, form_of, not_answered
from safelight.server.assessment.deciding import OUTCOMES, decide_item, decide_place
from safelight.server.assessment.opinion_facts import file_facts
from safelight.server.assessment.opinions import missing
from safelight.server.assessment.prefill import prefill
from safelight.server.assessment.services import assess, current, note_of, standing_one
from safelight.server.assessment.stacks import (
    MOST_AT_ONCE,
    equal_members,
    next_undecided,
    same_as,
    spread,
    stack_of,
)
from safelight.server.cases.models import Case, Decision
from safelight.server.cases.services import finish as finish_case
from safelight.server.cases.services import standing_decisions
from safelight.server.console.access import act, done, page
from safelight.server.hotlines.standing import Standing, standing_of
from safelight.server.ids import new_id
from safelight.server.intake.models import Item, Occurrence
from safelight.server.people.actors import PersonActor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission
from safelight.server.review.pane import pane_for


@page(Permission.CASE_TAKE, methods=("GET", "HEAD", "POST"))
def item(request: HttpRequest, actor: PersonActor, case_id: UUID, item_id: UUID) -> HttpResponse:
    """Assess one file of a case of one's own, and decide about it."""
    case, found = _of(actor, case_id, item_id)
    if request.method != "POST":
        return _asked(request, actor, case, found)
    wanted = request.POST.get("act", "")
    if wanted != "save" and wanted not in OUTCOMES:
        return HttpResponseBadRequest()
    try:
        told = answers_in(request.POST)
        _saved(request, actor, case, found, told)
        if wanted in OUTCOMES:
            decide_item(
                actor,
                case,
                found,
                OUTCOMES[wanted],
                reason=request.POST.get("reason", ""),
                suggest="suggest" in request.POST,
            )
    except SafelightError as refused:
        messages.error(request, str(refused))
        return _asked(request, actor, case, found, said=request.POST)
    if wanted == "save":
        return redirect("assessment_item", case.pk, found.pk)
    messages.success(request, _("Decided. It can be decided anew until the report is finished."))
    return _onward(actor, case, found)


@page(Permission.CASE_TAKE, methods=("GET", "HEAD", "POST"))
def stack(request: HttpRequest, actor: PersonActor, case_id: UUID, item_id: UUID) -> HttpResponse:
    """The places of the same bytes that a decision has not reached yet, to be confirmed as a list."""
    case, found = _of(actor, case_id, item_id)
    if request.method == "POST":
        try:
            id_ = UUID(request.POST.get("spread", ""))
            listed = [UUID(told) for told in request.POST.getlist("place")]
        except ValueError:
            return HttpResponseBadRequest()
        if not done(
            request,
            lambda: spread(actor, id_, case, found, listed),
            _("The same is decided about all of them."),
        ):
            return redirect("assessment_stack", case.pk, found.pk)
        return _onward(actor, case, found)
    equal = equal_members(actor, case, found, after=_after(request), most=MOST_AT_ONCE + 1)
    if not equal:
        return _to_next(case, found)
    context = {
        "case": case,
        "item": found,
        "equal": equal[:MOST_AT_ONCE],
        "after": equal[MOST_AT_ONCE - 1].occurrence if len(equal) > MOST_AT_ONCE else None,
        "spread": new_id(),
        "decided": _decision(case, found),
    }
    return render(request, "assessment/stack.html", context)


@act(Permission.CASE_TAKE)
def same(request: HttpRequest, actor: PersonActor, case_id: UUID, item_id: UUID) -> HttpResponse:
    """Assess and decide a near picture as the first of its stack."""
    case, found = _of(actor, case_id, item_id)
    lead = get_object_or_404(Item, pk=stack_of(actor, case, found).lead)
    if not done(request, lambda: same_as(actor, case, found, lead), _("Assessed and decided the same way.")):
        return redirect("assessment_item", case.pk, found.pk)
    return _onward(actor, case, found)


@act(Permission.CASE_TAKE)
def place(request: HttpRequest, actor: PersonActor, case_id: UUID, occurrence_id: UUID) -> HttpResponse:
    """Decide about a text or an address."""
    case = get_object_or_404(Case, pk=case_id)
    require(actor, Permission.DECISION_MAKE, case=case)
    found = get_object_or_404(Occurrence, pk=occurrence_id, membership__case=case, item=None)
    wanted = OUTCOMES.get(request.POST.get("act", ""))
    if wanted is None:
        return HttpResponseBadRequest()
    reason = request.POST.get("reason", "")
    done(request, lambda: decide_place(actor, case, found, wanted, reason), _("Decided."))
    return redirect("console_case", case.pk)


@act(Permission.CASE_TAKE)
def finish(request: HttpRequest, actor: PersonActor, case_id: UUID) -> HttpResponse:
    """Finish a case in which everything is dismissed, or what is confirmed is reported."""
    case = get_object_or_404(Case, pk=case_id)
    require(actor, Permission.DECISION_MAKE, case=case)
    if standing_of(case) not in {Standing.NOTHING_CONFIRMED, Standing.REPORTED}:
        messages.error(request, _("Something is confirmed here and not reported yet. Report it first."))
    else:
        done(request, lambda: finish_case(actor, case), _("Finished. It never changes from now on."))
    return redirect("console_case", case.pk)


def _of(actor: PersonActor, case_id: UUID, item_id: UUID) -> tuple[Case, Item]:
    case = get_object_or_404(Case, pk=case_id)
    require(actor, Permission.DECISION_MAKE, case=case)
    found = Item.objects.filter(pk=item_id, occurrences__membership__case=case).first()
    if found is None:
        raise Http404
    return case, found


def _saved(request: HttpRequest, actor: PersonActor, case: Case, found: Item, told: axes.Assessment) -> None:
    """Keep the answers if they are new; an empty form that was only used to decide is none."""
    note, before = request.POST.get("note", ""), standing_one(case, found)
    known = before.told() if before else axes.Assessment()
    if told == known and note.strip() == (note_of(actor, before) if before else ""):
        return
    assess(actor, case, found, told, note=note)
    messages.success(request, _("Your assessment is kept."))
    for scheme in not_answered(told) if told.outcome is axes.Outcome.UNLAWFUL else ():
        messages.info(
            request,
            _("{title}: no code follows from the answers. Choose one below.").format(title=scheme.title),
        )


def _asked(
    request: HttpRequest, actor: PersonActor, case: Case, found: Item, *, said: QueryDict | None = None
) -> HttpResponse:
    known, stored = prefill(found), standing_one(case, found)
    told = current(case, found) or known.told
    note = note_of(actor, stored) if stored else ""
    if said is not None:
        note = said.get("note", "")
        with contextlib.suppress(UsageError):  # what was refused is told; what stood before is shown
            told = answers_in(said)
    context = {
        "case": case,
        "item": found,
        "facts": file_facts(found),
        "pane": pane_for(actor, case),
        "form": form_of(told, known, note),
        "stored": stored,
        "decision": _decision(case, found),
        "missing": missing(case, found),
        "stack": stack_of(actor, case, found),
        "reason": said.get("reason", "") if said is not None else "",
    }
    return render(request, "assessment/item.html", context, status=200 if said is None else 400)


def _after(request: HttpRequest) -> UUID | None:
    """The place behind which the list begins, where one is told."""
    try:
        return UUID(request.GET["after"])
    except (KeyError, ValueError):
        return None


def _decision(case: Case, found: Item) -> Decision | None:
    made = standing_decisions().filter(occurrence__item=found, occurrence__membership__case=case)
    return made.order_by("-decided_at", "-pk").first()


def _onward(actor: PersonActor, case: Case, found: Item) -> HttpResponse:
    if equal_members(actor, case, found):
        return redirect("assessment_stack", case.pk, found.pk)
    return _to_next(case, found)


def _to_next(case: Case, found: Item) -> HttpResponse:
    following = next_undecided(case, found)
    if following is None:
        return redirect("console_case", case.pk)
    return redirect("assessment_item", case.pk, following)
