"""The first page: what waits, and what is wrong."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from safelight.server.alerts.services import acknowledge, open_alerts
from safelight.server.console import overview
from safelight.server.console.access import act, done, page
from safelight.server.jobs.models import Job
from safelight.server.jobs.services import counts
from safelight.server.lists.services import all_lists
from safelight.server.operations.health import readiness
from safelight.server.people.actors import PersonActor
from safelight.server.people.directory import pending
from safelight.server.people.permissions import permissions_of
from safelight.server.people.roles import Permission as P  # noqa: N817 - a table of permissions
from safelight.server.vault.services import alarms

_ALARMS: Final = 10
"""Evidence that needs somebody, as far as it is listed."""


@page()
def home(request: HttpRequest, actor: PersonActor) -> HttpResponse:
    """Everything that the reader's roles let them see, the urgent first."""
    granted = permissions_of(actor.person)
    context: dict[str, Any] = {"pending": pending(actor)}
    if granted & {P.CASE_READ_ALL, P.CASE_TAKE}:
        context["waiting"] = overview.waiting(actor)
    if P.INTAKE_READ in granted:
        context["unscanned"] = overview.unscanned(actor)
    if P.LIST_READ in granted:
        context["indexes"] = overview.indexes()
        context["lists"] = all_lists(actor)
    if P.JOBS_READ in granted:
        context["jobs"] = counts()
        context["dead"] = Job.objects.filter(state=Job.State.DEAD).order_by("-finished_at")[:5]
        context["unwell"] = [check for check in readiness() if not check.well]
        context["alarms"] = alarms(_ALARMS + 1)
        context["alarms_shown"] = _ALARMS
        context["alerts"] = open_alerts(actor)
        context["may_acknowledge"] = P.JOBS_RETRY in granted
    return render(request, "console/home.html", context)


@act(P.JOBS_RETRY)
def acknowledge_alert(request: HttpRequest, actor: PersonActor, alert_id: UUID) -> HttpResponse:
    """Say that one deals with it; nobody is told again."""
    done(request, lambda: acknowledge(actor, alert_id), _("Noted that you deal with it."))
    return redirect("console_home")
