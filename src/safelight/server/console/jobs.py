"""Work that waits, is being done, or was given up; what was given up can be tried again."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from safelight.server.console.access import act, done, page
from safelight.server.jobs.models import Job
from safelight.server.jobs.services import counts, retry
from safelight.server.people.actors import PersonActor
from safelight.server.people.permissions import permissions_of
from safelight.server.people.roles import Permission

_SHOWN: Final = 100


@page(Permission.JOBS_READ)
def jobs(request: HttpRequest, actor: PersonActor) -> HttpResponse:
    """What was given up first, then what comes next."""
    unfinished = Job.objects.exclude(state__in=[Job.State.DONE, Job.State.DEAD])
    context = {
        "counts": counts(),
        "dead": Job.objects.filter(state=Job.State.DEAD).order_by("-finished_at")[:_SHOWN],
        "coming": unfinished.order_by("due_at")[:_SHOWN],
        "may_retry": Permission.JOBS_RETRY in permissions_of(actor.person),
    }
    return render(request, "console/jobs.html", context)


@act(Permission.JOBS_RETRY)
def retry_job(request: HttpRequest, actor: PersonActor, job_id: UUID) -> HttpResponse:
    """Try a job that was given up again."""
    done(request, lambda: retry(actor, job_id), _("The job is tried again."))
    return redirect("console_jobs")
