"""What could not be scanned and waits for another try, with the reason. It is never clear."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from safelight.errors import UsageError
from safelight.server.console.access import act, done, page
from safelight.server.intake import unscanned as queue
from safelight.server.people.actors import PersonActor
from safelight.server.people.permissions import permissions_of
from safelight.server.people.roles import Permission
from safelight.types import UnscannedReason


@page(Permission.INTAKE_READ)
def unscanned(request: HttpRequest, actor: PersonActor) -> HttpResponse:
    """The queue, what waited longest first."""
    asked = request.GET.get("reason", "")
    reason = UnscannedReason(asked) if asked in set(UnscannedReason) else None
    try:
        shown = queue.unscanned(actor, reason=reason, after=request.GET.get("after") or None)
    except UsageError:
        return redirect("console_unscanned")
    context = {
        "rows": shown.items,
        "after": shown.after,
        "reason": reason,
        "reasons": queue.reasons(actor),
        "may_rescan": Permission.INTAKE_RESCAN in permissions_of(actor.person),
    }
    return render(request, "console/unscanned.html", context)


@act(Permission.INTAKE_RESCAN)
def rescan(request: HttpRequest, actor: PersonActor, item_id: UUID) -> HttpResponse:
    """Try one again at once."""
    done(request, lambda: queue.rescan_now(actor, item_id), _("It is tried again."))
    return redirect("console_unscanned")
