"""Webhooks: where messages go, which kinds, and what became of each; a secret is shown once."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from safelight.errors import SafelightError
from safelight.server.console.access import act, done, page
from safelight.server.people.actors import PersonActor
from safelight.server.people.roles import Permission
from safelight.server.webhooks.endpoints import (
    endpoints,
    make_endpoint,
    retire_endpoint,
    rotate_secret,
)
from safelight.server.webhooks.kinds import Kind
from safelight.server.webhooks.services import deliveries, resend


class EndpointForm(forms.Form):
    """Where to, and what."""

    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=500,
        help_text=gettext_lazy("https, or a receiver of your own network that webhooks.internal names."),
        widget=forms.URLInput(),
    )
    description = forms.CharField(label=gettext_lazy("What it is"), max_length=200, required=False)
    kinds = forms.MultipleChoiceField(
        label=gettext_lazy("Messages"),
        choices=[(kind.value, kind.value) for kind in Kind],
        widget=forms.CheckboxSelectMultiple,
    )


@page(Permission.SETTINGS_CHANGE, methods=("GET", "HEAD", "POST"))
def webhooks(request: HttpRequest, actor: PersonActor) -> HttpResponse:
    """Every endpoint, the latest deliveries, and a form for another."""
    if request.method != "POST":
        return _shown(request, actor, EndpointForm())
    form = EndpointForm(request.POST)
    if not form.is_valid():
        return _shown(request, actor, form, status=400)
    said = form.cleaned_data
    try:
        made = make_endpoint(
            actor, said["url"], [Kind(kind) for kind in said["kinds"]], description=said["description"]
        )
    except SafelightError as refused:
        form.add_error("url", str(refused))
        return _shown(request, actor, form, status=409)
    return _shown(request, actor, EndpointForm(), made=made)


def _shown(
    request: HttpRequest, actor: PersonActor, form: EndpointForm, *, status: int = 200, **more: object
) -> HttpResponse:
    context = {"endpoints": endpoints(actor), "deliveries": deliveries(actor), "form": form, **more}
    return render(request, "console/webhooks.html", context, status=status)


@act(Permission.SETTINGS_CHANGE)
def change_endpoint(request: HttpRequest, actor: PersonActor, endpoint_id: UUID) -> HttpResponse:
    """Give an endpoint a new secret, or retire it."""
    if request.POST.get("act") == "rotate":
        try:
            return _shown(request, actor, EndpointForm(), made=rotate_secret(actor, endpoint_id))
        except SafelightError as refused:
            return _shown(request, actor, EndpointForm(), status=409, refused=str(refused))
    done(request, lambda: retire_endpoint(actor, endpoint_id), _("Nothing more is sent there."))
    return redirect("console_webhooks")


@act(Permission.SETTINGS_CHANGE)
def resend_delivery(request: HttpRequest, actor: PersonActor, delivery_id: UUID) -> HttpResponse:
    """Send a message that was given up again."""
    done(request, lambda: resend(actor, delivery_id), _("It is sent again."))
    return redirect("console_webhooks")
