"""The first page: what waits, and what is wrong."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from safelight.server.console import overview
from safelight.server.console.access import page
from safelight.server.jobs.models import Job
from safelight.server.jobs.services import counts
from safelight.server.operations.health import readiness
from safelight.server.people.actors import PersonActor
from safelight.server.people.directory import pending
from safelight.server.people.permissions import permissions_of
from safelight.server.people.roles import Permission as P
from safelight.server.vault.services import alarms


@page()
def home(request: HttpRequest, actor: PersonActor) -> HttpResponse:
    """Everything that the reader's roles let them see, the urgent first."""
    granted = permissions_of(actor.person)
    context: dict[str, Any] = {"pending": pending(actor)}
    if granted & {P.CASE_READ_ALL, P.CASE_READ_OWN}:
        context["waiting"] = overview.waiting(actor)
    if granted & {P.CASE_READ_ALL, P.JOBS_READ}:
        context["unscanned"] = overview.unscanned()
    if P.LIST_READ in granted:
        context["indexes"] = overview.indexes()
    if P.JOBS_READ in granted:
        context["jobs"] = counts()
        context["dead"] = Job.objects.filter(state=Job.State.DEAD).order_by("-finished_at")[:5]
        context["unwell"] = [check for check in readiness() if not check.well]
        context["alarms"] = alarms()
    return render(request, "console/home.html", context)
