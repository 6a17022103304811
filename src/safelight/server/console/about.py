"""What runs here, and whether each part of it is well."""

from __future__ import annotations

from importlib.metadata import version

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from safelight.errors import SafelightError
from safelight.server.console.access import page
from safelight.server.operations.health import readiness
from safelight.server.people.actors import PersonActor
from safelight.server.people.permissions import permissions_of
from safelight.server.people.roles import Permission
from safelight.server.processes.run_directory import run_directory
from safelight.server.processes.status import Status, read_status


@page()
def about(request: HttpRequest, actor: PersonActor) -> HttpResponse:
    """The version for everybody; checks and processes for whoever watches over them."""
    watches = Permission.JOBS_READ in permissions_of(actor.person)
    status = _status() if watches else None
    context = {
        "version": version("safelight"),
        "database": settings.DATABASES["default"]["ENGINE"].rpartition(".")[2],
        "checks": readiness() if watches else (),
        "processes": status.processes if status else (),
    }
    return render(request, "console/about.html", context)


def _status() -> Status | None:
    """What the supervisor says; None where none has said anything, which the checks tell too."""
    try:
        return read_status(run_directory())
    except SafelightError:
        return None
