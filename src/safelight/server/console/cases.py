"""Cases: the queue, the facts of one, and what can be done about it before anything is looked at."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from safelight.errors import SafelightError, UsageError
from safelight.server.assessment.opinions import blinded, note_read
from safelight.server.cases import handling
from safelight.server.cases.models import Case, CaseAccount
from safelight.server.cases.queue import next_case, own_cases
from safelight.server.cases.reading import read_words
from safelight.server.console.access import act, done, page
from safelight.server.console.case_acts import ACTS
from safelight.server.console.case_facts import case_page
from safelight.server.console.case_queue import FilterForm, queued
from safelight.server.console.case_reports import reporting_of
from safelight.server.intake.models import Occurrence
from safelight.server.people.actors import PersonActor
from safelight.server.people.models import Person, RoleGrant
from safelight.server.people.permissions import PermissionDenied, permissions_of, require
from safelight.server.people.roles import GRANTS, Permission
from safelight.server.review.pane import pane_for


@page(Permission.CASE_READ_ALL, Permission.CASE_TAKE)
def queue(request: HttpRequest, actor: PersonActor) -> HttpResponse:
    """What waits, the most urgent first."""
    form = FilterForm(request.GET or None)
    try:
        shown = queued(actor, form, request.GET.get("after"))
    except UsageError:
        return redirect("console_cases")
    granted = permissions_of(actor.person)
    kept = request.GET.copy()
    kept.pop("after", None)
    context = {
        "form": form,
        "cases": shown.items,
        "after": shown.after,
        "query": kept.urlencode(),
        "filtered": any(kept.values()),
        "may_take": Permission.CASE_TAKE in granted,
        "own": len(own_cases(actor)) if Permission.CASE_TAKE in granted else 0,
    }
    return render(request, "console/cases.html", context)


@act(Permission.CASE_TAKE)
def take_next(request: HttpRequest, actor: PersonActor) -> HttpResponse:
    """Take the most urgent case that nobody has, and open it."""
    found = next_case(actor)
    if found is None:
        messages.info(request, _("Nothing waits that you have not passed on."))
        return redirect("console_cases")
    case = get_object_or_404(Case, pk=found.id)
    if not done(request, lambda: handling.take(actor, case), _("This case is yours now.")):
        return redirect("console_cases")
    return redirect("console_case", case.pk)


@page(Permission.CASE_READ_ALL, Permission.CASE_TAKE)
def case(request: HttpRequest, actor: PersonActor, case_id: UUID) -> HttpResponse:
    """The facts of one case; not for whoever is to answer about it without knowing them."""
    found = get_object_or_404(Case.objects.select_related("assigned_to"), pk=case_id)
    if (blind := blinded(actor, found)) is not None:
        messages.info(request, _("You are to answer about this case without having read it."))
        return redirect("assessment_opinion", blind.pk)
    shown = case_shown(request, actor, found)
    note_read(actor, found)
    return shown


def case_shown(request: HttpRequest, actor: PersonActor, found: Case, **more: object) -> HttpResponse:
    """The page of a case; ``more`` is what was asked for besides its facts."""
    granted = permissions_of(actor.person)
    unfinished = found.state in (Case.State.OPEN, Case.State.DECIDED)
    mine = found.assigned_to_id == actor.person.pk
    may_work = unfinished and _may(actor, Permission.CASE_WORK, found)
    context: dict[str, Any] = {
        "page": case_page(actor, found),
        "pane": pane_for(actor, found),
        "case": found,
        "is_mine": mine,
        "unfinished": unfinished,
        "may_take": unfinished and found.assigned_to_id is None and Permission.CASE_TAKE in granted,
        "may_pass_on": unfinished and mine,
        "may_assign": unfinished and Permission.CASE_ASSIGN in granted,
        "may_work": may_work,
        "may_alarm": unfinished and Permission.CASE_ALARM in granted and not found.imminent_danger,
        "may_escalate": Permission.CASE_ALARM in granted,
        "may_calm": unfinished and Permission.CASE_RELEASE in granted and found.imminent_danger,
        "reviewers": _reviewers() if unfinished and Permission.CASE_ASSIGN in granted else (),
        "roles": CaseAccount.Role.choices,
        **reporting_of(found, granted),
        **more,
    }
    return render(request, "console/case.html", context)


def _may(actor: PersonActor, permission: Permission, case: Case) -> bool:
    try:
        require(actor, permission, case=case)
    except PermissionDenied:
        return False
    return True


def _reviewers() -> list[Person]:
    """Whoever may be given a case."""
    roles = [role.value for role, granted in GRANTS.items() if Permission.CASE_TAKE in granted]
    live = RoleGrant.objects.filter(role__in=roles, revoked_at=None)
    return list(Person.objects.filter(grants__in=live, is_active=True).distinct().order_by("name", "email"))


@act(Permission.CASE_READ_ALL, Permission.CASE_TAKE)
def do(request: HttpRequest, actor: PersonActor, case_id: UUID) -> HttpResponse:
    """One act about a case; the service decides whether this person may."""
    onward = get_object_or_404(Case, pk=case_id)
    wanted = ACTS.get(request.POST.get("act", ""))
    if wanted is None:
        return HttpResponseBadRequest()
    try:
        told, onward = wanted(actor, onward, request.POST)
    except SafelightError as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, told)
    passed_on = wanted is ACTS["pass_on"]
    if passed_on or not _may(actor, Permission.CASE_READ_OWN, onward):
        return redirect("console_cases")
    return redirect("console_case", onward.pk)


@act(Permission.CASE_READ_ALL, Permission.CASE_TAKE)
def words(request: HttpRequest, actor: PersonActor, case_id: UUID, occurrence_id: UUID) -> HttpResponse:
    """The page once more, with a text or address that was asked for; that it was read is on the ledger."""
    found = get_object_or_404(Case.objects.select_related("assigned_to"), pk=case_id)
    occurrence = get_object_or_404(Occurrence, pk=occurrence_id, membership__case=found)
    try:
        read = read_words(actor, found, occurrence)
    except SafelightError as refused:
        messages.error(request, str(refused))
        return redirect("console_case", found.pk)
    return case_shown(request, actor, found, words=read, words_of=occurrence.pk)
