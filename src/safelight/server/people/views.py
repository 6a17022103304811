"""Joining, one's own account, and the way to and from the identity provider. Rules are in the services."""

from __future__ import annotations

from urllib.parse import urlsplit

from allauth.socialaccount.providers.openid_connect import views as openid_connect
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from safelight.server.people.adapters import has_factor
from safelight.server.people.credentials import choose_password
from safelight.server.people.errors import LinkInvalid, PeopleError
from safelight.server.people.forms import JoinForm, PasswordForm
from safelight.server.people.invitations import join
from safelight.server.people.links import find_link
from safelight.server.people.models import Invitation
from safelight.server.people.permissions import PermissionDenied, permissions_of, roles_of
from safelight.server.people.roles import Permission
from safelight.server.people.sessions import actor_of


@sensitive_post_parameters()
@never_cache
def join_view(request: HttpRequest, token: str) -> HttpResponse:
    """What a one-time link opens: a form to join by, or to choose a new password."""
    try:
        invitation = find_link(token)
        form = _form_for(invitation, request)
        if request.method == "POST" and form.is_valid():
            try:
                _use(invitation, token, form)
            except ValidationError as weak:
                form.add_error("password", weak)
            else:
                messages.success(request, _("Done. Sign in with your new password."))
                return redirect("account_login")
    except LinkInvalid as invalid:
        return render(request, "people/refused.html", {"why": invalid}, status=410)
    except PeopleError as refused:
        return render(request, "people/refused.html", {"why": refused}, status=409)
    return render(request, "people/join.html", {"form": form, "invitation": invitation})


def _form_for(invitation: Invitation, request: HttpRequest) -> PasswordForm:
    data = request.POST if request.method == "POST" else None
    if invitation.person_id is not None:
        return PasswordForm(data)
    return JoinForm(data, invited=invitation.email)


def _use(invitation: Invitation, token: str, form: PasswordForm) -> None:
    said = form.cleaned_data
    if invitation.person_id is not None:
        choose_password(token, said["password"])
    else:
        join(token, email=said["email"], name=said["name"], password=said["password"])


@login_required
def account(request: HttpRequest) -> HttpResponse:
    """Who one is here, what one may do, and where to change how one signs in."""
    actor = actor_of(request)
    return render(
        request,
        "people/account.html",
        {
            "roles": sorted(role.value for role in roles_of(actor.person)),
            "has_factor": has_factor(actor.person),
            "second_factor": actor.second_factor,
            "may_read_people": Permission.PEOPLE_READ in permissions_of(actor.person),
        },
    )


def to_provider(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Start a sign-in by the identity provider.

    The content policy lets forms lead nowhere else, redirects included; so a page of ours leads on.
    """
    response: HttpResponse = openid_connect.login(request, provider_id)
    onward = response.headers.get("Location", "")
    if not urlsplit(onward).netloc:
        return response
    return render(request, "people/onward.html", {"onward": onward})


def denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The page for whatever :func:`.permissions.require` refused."""
    context: dict[str, object] = {"why": exception}
    if isinstance(exception, PermissionDenied) and exception.needs_second_factor:
        # Someone without a factor is led to add one.
        actor = actor_of(request)
        context["remedy"] = "mfa_reauthenticate" if has_factor(actor.person) else "mfa_index"
    return render(request, "people/denied.html", context, status=403)
