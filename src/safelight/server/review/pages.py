"""Thin views of exposure: one's own day, the team's, and searches."""

from __future__ import annotations

from dataclasses import fields
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from safelight.errors import SafelightError
from safelight.server.console.access import act, done, page
from safelight.server.intake.models import Item
from safelight.server.people.actors import PersonActor
from safelight.server.people.models import Person
from safelight.server.people.permissions import permissions_of
from safelight.server.people.roles import Permission
from safelight.server.review import budgets, exposure, protections
from safelight.server.review.models import Budget, OwnProtection
from safelight.server.review.releases import propose_exposure_release


class OwnForm(forms.Form):
    """More protection for oneself; empty asks for no more than the organisation does."""

    first_level = forms.IntegerField(
        label=gettext_lazy("Begin at this level or below"), required=False, min_value=1, max_value=4
    )
    highest = forms.IntegerField(
        label=gettext_lazy("Never show me more than level"), required=False, min_value=1, max_value=4
    )
    cover_seconds = forms.IntegerField(
        label=gettext_lazy("Cover after seconds"), required=False, min_value=5, max_value=600
    )
    minutes_to_break = forms.IntegerField(
        label=gettext_lazy("A break after minutes of looking"), required=False, min_value=1, max_value=240
    )


class OrganisationForm(forms.Form):
    """What every view asks for."""

    first_level = forms.IntegerField(label=gettext_lazy("Looking begins at this level or below"))
    reason_from = forms.IntegerField(label=gettext_lazy("A reason is asked from level"))
    highest = forms.IntegerField(label=gettext_lazy("Highest level"))
    cover_seconds = forms.IntegerField(label=gettext_lazy("Cover after seconds"))
    minutes_to_break = forms.IntegerField(label=gettext_lazy("A break after minutes of looking (0: none)"))
    break_minutes = forms.IntegerField(label=gettext_lazy("Length of a break, in minutes"))
    finish_minutes = forms.IntegerField(label=gettext_lazy("Minutes to finish the sentence, once a break"))


class BudgetForm(forms.Form):
    """How much one person may look at."""

    level = forms.IntegerField(label=gettext_lazy("From level"), min_value=1, max_value=4)
    per = forms.ChoiceField(label=gettext_lazy("In a"), choices=Budget.Per.choices)
    views = forms.IntegerField(label=gettext_lazy("Views"), required=False, min_value=0, max_value=100_000)
    minutes = forms.IntegerField(label=gettext_lazy("Minutes"), required=False, min_value=0, max_value=1_440)


@page()
def own(request: HttpRequest, actor: PersonActor) -> HttpResponse:
    """One's own day, which nobody else is shown."""
    asked = OwnProtection.objects.filter(person=actor.person).values(*OwnForm.base_fields).first()
    day = exposure.own_day(actor)
    context = {
        "day": day,
        "resting": day.standing if isinstance(day.standing, budgets.Break) else None,
        "form": OwnForm(initial=asked or {}),
        "least": protections.organisation(),
    }
    return render(request, "review/own.html", context)


@act()
def do(request: HttpRequest, actor: PersonActor) -> HttpResponse:
    """Rest, put a break off a little, or ask for more protection."""
    match request.POST.get("act", ""):
        case "rest":
            budgets.rest_now(actor)
            messages.success(request, _("Rest well. Nothing is shown to you until then."))
        case "finish":
            done(request, lambda: budgets.finish_sentence(actor), _("A few more minutes, then the break."))
        case "protect":
            form = OwnForm(request.POST)
            if form.is_valid():
                done(request, lambda: protections.set_own(actor, **form.cleaned_data), _("Kept."))
            else:
                messages.error(request, _("Choose one of the offered values."))
    return redirect("review_own")


@page(Permission.WELLBEING_SET, methods=("GET", "HEAD", "POST"))
def team(request: HttpRequest, actor: PersonActor) -> HttpResponse:
    """Aggregates only, and what the lead sets: budgets, breaks and the least protection."""
    present = protections.organisation()
    initial = {field.name: getattr(present, field.name) for field in fields(present)}
    asked = OrganisationForm(request.POST if "protections" in request.POST else None, initial=initial)
    budget = BudgetForm(request.POST if "budget" in request.POST else None)
    if asked.is_bound and asked.is_valid():
        wanted = protections.Protections(**asked.cleaned_data)
        done(request, lambda: protections.set_organisation(actor, wanted), _("Kept."))
        return redirect("review_team")
    if budget.is_bound and budget.is_valid():
        said = budget.cleaned_data
        done(
            request,
            lambda: budgets.set_budget(
                actor, said["level"], Budget.Per(said["per"]), views=said["views"], minutes=said["minutes"]
            ),
            _("Kept."),
        )
        return redirect("review_team")
    context = {
        "days": exposure.team_days(actor),
        "budgets": budgets.budgets(),
        "protections_form": asked,
        "budget_form": budget,
        "least_people": exposure.LEAST_PEOPLE,
    }
    return render(request, "review/team.html", context)


@page(Permission.LEDGER_READ, Permission.FIGURES_READ, methods=("GET", "HEAD", "POST"))
def search(request: HttpRequest, actor: PersonActor) -> HttpResponse:
    """Search by file; propose to see what one person looked at."""
    context: dict[str, Any] = {
        "by_item": Permission.LEDGER_READ in permissions_of(actor.person),
        "releases": exposure.live_releases(actor),
        "asked": request.POST.get("item", ""),
    }
    if "person" in request.POST:
        about = Person.objects.filter(email=request.POST["person"].strip().lower()).first()
        if about is None:
            messages.error(request, _("Nobody has this address."))
        else:
            reason = request.POST.get("reason", "")
            said = _("Proposed. Somebody else decides; the person is shown that you asked and saw.")
            done(request, lambda: propose_exposure_release(actor, about, reason), said)
        return redirect("review_search")
    if context["asked"] and context["by_item"]:
        context["looked"] = _of_item(request, actor, context["asked"])
    return render(request, "review/search.html", context)


@page(Permission.FIGURES_READ)
def person(request: HttpRequest, actor: PersonActor, person_id: UUID) -> HttpResponse:
    """What one person looked at, by a release that still holds."""
    about = get_object_or_404(Person, pk=person_id)
    looked = exposure.of_person(actor, about)
    return render(request, "review/person.html", {"about": about, "looked": looked})


def _of_item(request: HttpRequest, actor: PersonActor, told: str) -> tuple[exposure.Looked, ...] | None:
    try:
        item = Item.objects.filter(pk=UUID(told.strip())).first()
    except ValueError:
        item = None
    if item is None:
        messages.error(request, _("There is no file of this id. Copy it from a case's page."))
        return None
    try:
        return exposure.of_item(actor, item)
    except SafelightError as refused:
        messages.error(request, str(refused))
        return None
