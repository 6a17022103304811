"""Keys of the platform: made and shown once, suspended, revoked."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from safelight.errors import SafelightError
from safelight.server.console.access import act, done, page
from safelight.server.console.words import WORDS
from safelight.server.intake.api_keys import Scope, make_key, resume_key, revoke_key, suspend_key
from safelight.server.intake.models import ApiKey, Surface
from safelight.server.people.actors import PersonActor
from safelight.server.people.roles import Permission

_MOST: Final = 2**31 - 1
"""The largest number that the column holds on PostgreSQL."""


class KeyForm(forms.Form):
    """A new key: for what, and for whom."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=80,
        help_text=gettext_lazy("What will use it, so that you know later which one to suspend."),
    )
    surface = forms.ChoiceField(
        label=gettext_lazy("Surface"), help_text=gettext_lazy("The key works for this surface alone.")
    )
    audience = forms.ChoiceField(
        label=gettext_lazy("Who sees the answers"),
        choices=[(audience.value, WORDS["audience"][audience.value]) for audience in ApiKey.Audience],
        widget=forms.RadioSelect,
        initial=ApiKey.Audience.UPLOADER,
        help_text=gettext_lazy(
            "Whatever an uploader could see must be an uploader key: it is answered the same for everything."
        ),
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What it may send"),
        choices=[(scope.value, scope.value) for scope in Scope],
        widget=forms.CheckboxSelectMultiple,
        initial=[Scope.SCAN],
    )

    expires_at = forms.DateTimeField(
        label=gettext_lazy("Ends (UTC)"),
        required=False,
        widget=forms.DateTimeInput({"type": "datetime-local"}),
        help_text=gettext_lazy("Leave empty for a key that you revoke yourself."),
    )
    rate_per_minute = forms.IntegerField(
        label=gettext_lazy("Requests in a minute"),
        required=False,
        min_value=0,
        max_value=_MOST,
        help_text=gettext_lazy("Leave empty for what the configuration says; 0 sets no limit."),
    )
    daily_budget = forms.IntegerField(
        label=gettext_lazy("Files and look-ups in a day (UTC)"),
        required=False,
        min_value=0,
        max_value=_MOST,
        help_text=gettext_lazy("Leave empty for what the configuration says; 0 sets no limit."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Django's own
        super().__init__(*args, **kwargs)
        in_use = Surface.objects.filter(retired_at=None).order_by("name")
        choices = [(surface.name, f"{surface.name} ({surface.visibility})") for surface in in_use]
        self.fields["surface"].choices = choices  # type: ignore[attr-defined]  # of a ChoiceField


@page(Permission.KEY_CHANGE, methods=("GET", "HEAD", "POST"))
def keys(request: HttpRequest, actor: PersonActor) -> HttpResponse:
    """Every key; a form for another, whose token is shown this once."""
    if request.method != "POST":
        return _shown(request, KeyForm())
    form = KeyForm(request.POST)
    if not form.is_valid():
        return _shown(request, form, status=400)
    said = form.cleaned_data
    try:
        made = make_key(
            actor,
            said["name"],
            said["surface"],
            audience=ApiKey.Audience(said["audience"]),
            scopes=[Scope(scope) for scope in said["scopes"]],
            expires_at=said["expires_at"],
            rate_per_minute=said["rate_per_minute"],
            daily_budget=said["daily_budget"],
        )
    except SafelightError as refused:
        form.add_error(None, str(refused))
        return _shown(request, form, status=409)
    return _shown(request, KeyForm(), made=made)


def _shown(request: HttpRequest, form: KeyForm, *, status: int = 200, **more: object) -> HttpResponse:
    known = ApiKey.objects.select_related("surface", "created_by").order_by("-created_at")
    context = {
        "live": known.filter(revoked_at=None),
        "revoked": known.exclude(revoked_at=None)[:50],
        "form": form,
        **more,
    }
    return render(request, "console/keys.html", context, status=status)


@act(Permission.KEY_CHANGE)
def change_key(request: HttpRequest, actor: PersonActor, key_id: UUID) -> HttpResponse:
    """Suspend, resume or revoke one key, with a reason."""
    key = get_object_or_404(ApiKey, pk=key_id)
    reason = request.POST.get("reason", "").strip()[:200]
    match request.POST.get("act"):
        case "suspend":
            done(request, lambda: suspend_key(actor, key, reason), _("The key is suspended."))
        case "resume":
            done(request, lambda: resume_key(actor, key, reason), _("The key works again."))
        case "revoke":
            done(request, lambda: revoke_key(actor, key, reason), _("The key is revoked for good."))
    return redirect("console_keys")
