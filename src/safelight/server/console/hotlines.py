"""Hotlines: where reports go now, what of them is on its way, and the two acts that an operator has here."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from safelight.hotlines.cybertipline.environments import Environment
from safelight.server.console.access import act, done, page
from safelight.server.hotlines import places
from safelight.server.hotlines.models import Orphan, Report, Standstill
from safelight.server.hotlines.standstill import resume
from safelight.server.people.actors import PersonActor
from safelight.server.people.permissions import permissions_of
from safelight.server.people.roles import Permission

_SHOWN: Final = 50


@page(Permission.REPORT_FILE, Permission.JOBS_READ)
def hotlines(request: HttpRequest, actor: PersonActor) -> HttpResponse:
    """What is set up, whether it takes reports, and what was left behind there."""
    granted = permissions_of(actor.person)
    told = settings.CONFIG.cybertipline
    unfinished = [Report.State.SENDING, Report.State.STOPPED]
    context = {
        "environment": told.environment if told else "",
        "production_on": places.production_is_on(),
        "counts": places.counts(),
        "standstills": Standstill.objects.filter(ended_at=None).order_by("since"),
        "sending": Report.objects.filter(state__in=unfinished).order_by("handed_over_at")[:_SHOWN],
        "orphans": Orphan.objects.select_related("report").order_by("-since")[:_SHOWN],
        "may_read": Permission.CASE_READ_ALL in granted,
        "may_switch": Permission.SETTINGS_CHANGE in granted,
        "may_resume": Permission.JOBS_RETRY in granted,
    }
    return render(request, "console/hotlines.html", context)


@act(Permission.SETTINGS_CHANGE)
def switch_production(request: HttpRequest, actor: PersonActor) -> HttpResponse:
    """Ask a second person to switch production on or off."""
    on, reason = request.POST.get("on") == "yes", request.POST.get("reason", "")
    done(
        request,
        lambda: places.propose_production(actor, on=on, reason=reason),
        _("Somebody else has to approve it, on the page of proposals."),
    )
    return redirect("console_hotlines")


@act(Permission.JOBS_RETRY)
def resume_sending(request: HttpRequest, actor: PersonActor) -> HttpResponse:
    """Send again where name and password were refused."""
    named = request.POST.get("environment", "")
    if named in set(Environment):
        done(request, lambda: resume(actor, Environment(named)), _("Reports are sent again."))
    return redirect("console_hotlines")
