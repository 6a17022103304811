"""Surfaces of the platform and what permits scanning them, edited by administrators."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from safelight.errors import SafelightError
from safelight.server.console.access import act, done, page
from safelight.server.intake.models import LegalBasis, Surface
from safelight.server.intake.surfaces import declare_basis, declare_surface, retire_surface, withdraw_basis
from safelight.server.people.actors import PersonActor
from safelight.server.people.roles import Permission


class SurfaceForm(forms.Form):
    """A place on the platform."""

    name = forms.SlugField(
        label=gettext_lazy("Name"),
        max_length=60,
        help_text=gettext_lazy("1 to 60 of: a-z, 0-9, hyphen, underscore."),
    )
    visibility = forms.ChoiceField(
        label=gettext_lazy("What is said there"),
        choices=[
            (Surface.Visibility.PUBLIC, gettext_lazy("is public, or shared with many")),
            (Surface.Visibility.PRIVATE, gettext_lazy("is a private communication")),
        ],
        widget=forms.RadioSelect,
        help_text=gettext_lazy("This cannot be changed later. Of private communications nothing is kept"
                               " unless it matched."),
    )  # fmt: skip
    description = forms.CharField(label=gettext_lazy("Description"), max_length=300, required=False)


class BasisForm(forms.Form):
    """What permits or forbids scanning."""

    country = forms.RegexField(
        label=gettext_lazy("Country"),
        regex=r"^([A-Za-z]{2}|\*)$",
        initial="*",
        help_text=gettext_lazy("Two letters (ISO 3166-1), or * for every other."),
    )
    permitted = forms.ChoiceField(
        label=gettext_lazy("Scanning is"),
        choices=[("yes", gettext_lazy("permitted")), ("no", gettext_lazy("forbidden"))],
    )
    basis = forms.CharField(label=gettext_lazy("By which law or consent"), max_length=300)
    valid_until = forms.DateTimeField(
        label=gettext_lazy("Ends (UTC)"),
        required=False,
        widget=forms.DateTimeInput({"type": "datetime-local"}),
        help_text=gettext_lazy("Leave empty where it has no end."),
    )


@page(Permission.SURFACE_CHANGE, methods=("GET", "HEAD", "POST"))
def surfaces(request: HttpRequest, actor: PersonActor) -> HttpResponse:
    """Every surface, and a form to declare another."""
    form = SurfaceForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            made = declare_surface(
                actor, said["name"], Surface.Visibility(said["visibility"]), said["description"]
            )
        except SafelightError as refused:
            form.add_error("name", str(refused))
        else:
            return redirect("console_surface", made.pk)
    standing = LegalBasis.objects.filter(withdrawn_at=None).order_by("country")
    known = Surface.objects.order_by("retired_at", "name").prefetch_related(
        Prefetch("bases", standing, to_attr="standing_bases")
    )
    return render(request, "console/surfaces.html", {"surfaces": known, "form": form},
                  status=400 if form.errors else 200)  # fmt: skip


@page(Permission.SURFACE_CHANGE, methods=("GET", "HEAD", "POST"))
def surface(request: HttpRequest, actor: PersonActor, surface_id: UUID) -> HttpResponse:
    """One surface: the countries where scanning is permitted or forbidden, and a form for another."""
    found = get_object_or_404(Surface, pk=surface_id)
    form = BasisForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            declare_basis(
                actor,
                found,
                said["country"].upper(),
                permitted=said["permitted"] == "yes",
                basis=said["basis"],
                valid_until=said["valid_until"],
            )
        except SafelightError as refused:
            form.add_error(None, str(refused))
        else:
            return redirect("console_surface", found.pk)
    context = {
        "surface": found,
        "bases": found.bases.filter(withdrawn_at=None).order_by("country"),
        "former": found.bases.exclude(withdrawn_at=None).order_by("-withdrawn_at")[:50],
        "form": form,
    }
    return render(request, "console/surface.html", context, status=400 if form.errors else 200)


@act(Permission.SURFACE_CHANGE)
def retire(request: HttpRequest, actor: PersonActor, surface_id: UUID) -> HttpResponse:
    """Take a surface out of use, and its keys with it."""
    found = get_object_or_404(Surface, pk=surface_id)
    why = request.POST.get("reason", "").strip()
    done(request, lambda: retire_surface(actor, found, why), _("The surface is retired."))
    return redirect("console_surface", found.pk)


@act(Permission.SURFACE_CHANGE)
def withdraw(request: HttpRequest, actor: PersonActor, basis_id: UUID) -> HttpResponse:
    """End a legal basis at once."""
    found = get_object_or_404(LegalBasis, pk=basis_id)
    why = request.POST.get("reason", "").strip()
    done(request, lambda: withdraw_basis(actor, found, why), _("The basis is withdrawn."))
    return redirect("console_surface", found.surface_id)
