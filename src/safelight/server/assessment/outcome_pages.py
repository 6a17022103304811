"""What comes of assessments: how well people agree, what is suggested for lists, what was put right."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from safelight.server.assessment import correcting, golden, listing, measuring
from safelight.server.assessment.models import Correction, Suggestion
from safelight.server.console.access import act, done, page
from safelight.server.people.actors import PersonActor
from safelight.server.people.permissions import permissions_of
from safelight.server.people.roles import Permission
from safelight.server.review.exposure import LEAST_PEOPLE

_MOST = 200


@page(Permission.FIGURES_READ)
def agreement(request: HttpRequest, actor: PersonActor) -> HttpResponse:
    """How well two people agree who did not know of each other's answers."""
    context = {
        "axes": measuring.agreement(actor),
        "golden": golden.sums(actor),
        "rate": golden.rate(),
        "may_set": Permission.WELLBEING_SET in permissions_of(actor.person),
        "least_people": LEAST_PEOPLE,
        "most_percent": golden.MOST_PERCENT,
    }
    return render(request, "assessment/agreement.html", context)


@act(Permission.WELLBEING_SET)
def golden_rate(request: HttpRequest, actor: PersonActor) -> HttpResponse:
    """Set how many of a hundred opinions are golden items."""
    told = request.POST.get("percent", "")
    percent = int(told) if told.isdecimal() and len(told) < 4 else -1
    done(request, lambda: golden.set_rate(actor, percent), _("Kept."))
    return redirect("assessment_agreement")


@page(Permission.LIST_CHANGE)
def suggestions(request: HttpRequest, actor: PersonActor) -> HttpResponse:
    """What reviewers suggest for lists."""
    waiting = listing.open_suggestions(actor)[:_MOST]
    lists = {kind.value: list(listing.lists_for(kind)) for kind in Suggestion.Kind}
    context = {"waiting": [(one, lists[one.kind]) for one in waiting]}
    return render(request, "assessment/suggestions.html", context)


@act(Permission.LIST_CHANGE)
def suggestion(request: HttpRequest, actor: PersonActor, suggestion_id: UUID) -> HttpResponse:
    """Propose one for a list, or decline it."""
    found = get_object_or_404(Suggestion, pk=suggestion_id)
    reason, name = request.POST.get("reason", ""), request.POST.get("list", "")
    match request.POST.get("act"):
        case "propose" if name:
            done(
                request,
                lambda: listing.propose_listing(actor, found, name, reason, _review(request)),
                _("Proposed. Somebody else approves it under Proposals."),
            )
        case "decline":
            done(request, lambda: listing.decline_listing(actor, found, reason), _("Declined."))
        case _:
            return HttpResponseBadRequest()
    return redirect("assessment_suggestions")


@page(Permission.CASE_READ_ALL)
def corrections(request: HttpRequest, actor: PersonActor) -> HttpResponse:
    """Every step that upheld complaints asked for, and which wait."""
    context = {
        "steps": correcting.corrections(actor)[:_MOST],
        "may_mark": Permission.DECISION_SECOND in permissions_of(actor.person),
    }
    return render(request, "assessment/corrections.html", context)


@act(Permission.DECISION_SECOND)
def correction(request: HttpRequest, actor: PersonActor, correction_id: UUID) -> HttpResponse:
    """Say that a step was done."""
    found = get_object_or_404(Correction, pk=correction_id)
    done(request, lambda: correcting.mark_done(actor, found, request.POST.get("reference", "")), _("Noted."))
    return redirect("assessment_corrections")


def _review(request: HttpRequest) -> datetime | None:
    """The review date that was given; None where there is none, which the services refuse in words."""
    try:
        day: date | None = forms.DateField(required=False).clean(request.POST.get("review_at"))
    except forms.ValidationError:
        return None
    return None if day is None else datetime.combine(day, time(), UTC)
