"""What awaits a second person, for everybody who could be that person: lists, evidence, people."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from safelight.errors import SafelightError
from safelight.server.console.access import act, done, page
from safelight.server.people.actors import PersonActor
from safelight.server.people.directory import pending
from safelight.server.people.models import Proposal
from safelight.server.people.proposals import approve, refuse


@page()
def proposals(request: HttpRequest, actor: PersonActor) -> HttpResponse:
    """What this person may approve or refuse."""
    return render(request, "console/proposals.html", {"pending": pending(actor)})


@act()
def decide(request: HttpRequest, actor: PersonActor, proposal_id: UUID) -> HttpResponse:
    """Approve or refuse; a one-time link that comes of it is shown this once."""
    get_object_or_404(Proposal, pk=proposal_id)
    if "approve" not in request.POST:
        done(request, lambda: refuse(actor, proposal_id, request.POST.get("reason", "")), _("Refused."))
        return redirect("console_proposals")
    try:
        link = approve(actor, proposal_id).link
    except SafelightError as refused:
        messages.error(request, str(refused))
        return redirect("console_proposals")
    if link is None:
        messages.success(request, _("Approved."))
        return redirect("console_proposals")
    return render(request, "console/proposals.html", {"pending": pending(actor), "link": link})
