"""The page of people: invite, propose, approve. It only asks the services, which decide."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from safelight.server.people import directory
from safelight.server.people.actors import PersonActor
from safelight.server.people.credentials import Reset, end_sessions, propose_reset, suspend
from safelight.server.people.errors import PeopleError
from safelight.server.people.grants import propose_role, revoke_role
from safelight.server.people.invitations import invite, withdraw_invitation
from safelight.server.people.models import Person, Proposal
from safelight.server.people.permissions import permissions_of
from safelight.server.people.proposals import approve, refuse
from safelight.server.people.roles import Permission, Role
from safelight.server.people.sessions import actor_of

_PROPOSE = gettext_lazy("Propose role:")
_TAKE_AWAY = gettext_lazy("Take away role:")
_ROLES = [(role.value, role.value.replace("_", " ")) for role in Role]


class InviteForm(forms.Form):
    """Whom, as what, and why."""

    email = forms.EmailField(label=gettext_lazy("E-mail address"))
    roles = forms.MultipleChoiceField(
        label=gettext_lazy("Roles to propose"),
        choices=_ROLES,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    reason = forms.CharField(label=gettext_lazy("Why"), max_length=1000)


class ActForm(forms.Form):
    """An act about one person."""

    act = forms.ChoiceField(
        label=gettext_lazy("Act"),
        choices=[
            *(
                (f"grant:{role}", format_lazy("{} {}", gettext_lazy("Propose role:"), told))
                for role, told in _ROLES
            ),
            *(
                (f"revoke:{role}", format_lazy("{} {}", gettext_lazy("Take away role:"), told))
                for role, told in _ROLES
            ),
            *((f"reset:{what}", gettext_lazy("Propose reset: ") + what) for what in Reset),
            ("end_sessions", gettext_lazy("End every session")),
            ("suspend", gettext_lazy("Suspend")),
        ],
    )
    reason = forms.CharField(label=gettext_lazy("Why"), max_length=1000)


@login_required
@never_cache
def people(request: HttpRequest) -> HttpResponse:
    """Who is here, who is invited, what awaits a second person."""
    return _page(request, actor_of(request))


def _page(
    request: HttpRequest,
    actor: PersonActor,
    *,
    form: InviteForm | None = None,
    link: str | None = None,
    status: int = 200,
) -> HttpResponse:
    context: dict[str, Any] = {
        "members": directory.members(actor),
        "invitations": directory.open_invitations(actor),
        "pending": directory.pending(actor),
        "may_change": Permission.PEOPLE_CHANGE in permissions_of(actor.person),
        "invite_form": form or InviteForm(),
        "link": link,
    }
    return render(request, "people/people.html", context, status=status)


@login_required
@never_cache
@require_POST
def invite_view(request: HttpRequest) -> HttpResponse:
    """Invite somebody; the page then shows the link, this once."""
    actor, form = actor_of(request), InviteForm(request.POST)
    if not form.is_valid():
        return _page(request, actor, form=form, status=400)
    said = form.cleaned_data
    try:
        link = invite(actor, said["email"], frozenset(map(Role, said["roles"])), said["reason"])
    except PeopleError as refused:
        form.add_error(None, str(refused))
        return _page(request, actor, form=form, status=409)
    return _page(request, actor, link=link)


@login_required
@require_POST
def withdraw_view(request: HttpRequest, invitation_id: UUID) -> HttpResponse:
    """Withdraw an invitation."""
    return _done(request, lambda: withdraw_invitation(actor_of(request), invitation_id))


@login_required
@never_cache
def person_view(request: HttpRequest, person_id: UUID) -> HttpResponse:
    """One person, and the form for acts about them."""
    actor = actor_of(request)
    found = [member for member in directory.members(actor) if member.person.pk == person_id]
    person = get_object_or_404(Person, pk=person_id)
    form = ActForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        return _done(request, lambda: _act(actor, person, said["act"], said["reason"]))
    may_change = Permission.PEOPLE_CHANGE in permissions_of(actor.person)
    return render(request, "people/person.html", {"member": found[0], "form": form, "may_change": may_change})


def _act(actor: PersonActor, person: Person, act: str, reason: str) -> None:
    verb, _colon, what = act.partition(":")
    match verb:
        case "grant":
            propose_role(actor, person, Role(what), reason)
        case "revoke":
            revoke_role(actor, person, Role(what), reason)
        case "reset":
            propose_reset(actor, person, Reset(what), reason)
        case "end_sessions":
            end_sessions(actor, person, reason)
        case _:
            suspend(actor, person, reason)


@login_required
@never_cache
@require_POST
def decide_view(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    """Approve or refuse; a link that comes of it is shown this once."""
    actor = actor_of(request)
    get_object_or_404(Proposal, pk=proposal_id)
    if "approve" not in request.POST:
        return _done(request, lambda: refuse(actor, proposal_id, request.POST.get("reason", "")))
    try:
        link = approve(actor, proposal_id).link
    except PeopleError as refused:
        messages.error(request, str(refused))
        return redirect("people_people")
    if link is None:
        messages.success(request, _("Approved."))
        return redirect("people_people")
    return _page(request, actor, link=link)


def _done(request: HttpRequest, act: Callable[[], object]) -> HttpResponse:
    try:
        act()
    except PeopleError as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Done."))
    return redirect("people_people")
