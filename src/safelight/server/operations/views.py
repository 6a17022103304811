"""``/healthz``, ``/readyz`` and ``/metrics``: for the machine that watches this one, on the loopback only."""

from __future__ import annotations

import sys
from typing import Final

from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from safelight.server.operations.health import readiness
from safelight.server.operations.metrics import exposition

_PLAIN: Final = "text/plain; charset=utf-8"


@never_cache
@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """Alive: this process answers. It asks nobody else, so that a full disk does not have it restarted."""
    return HttpResponse("alive\n", content_type=_PLAIN)


@never_cache
@require_safe
def readyz(_request: HttpRequest) -> HttpResponse:
    """Ready: every check is well; 503 and each reason otherwise."""
    checks = readiness()
    ready = all(check.well for check in checks)
    facts = [{"name": check.name, "well": check.well, "says": check.says} for check in checks]
    return JsonResponse({"ready": ready, "checks": facts}, status=200 if ready else 503)


@never_cache
@require_safe
def metrics(_request: HttpRequest) -> HttpResponse:
    """Counts in Prometheus' text format; 503 while the database does not answer."""
    try:
        body = exposition()
    except DatabaseError:
        return HttpResponse("The database does not answer.\n", status=503, content_type="text/plain")
    return HttpResponse(body, content_type="text/plain; version=0.0.4; charset=utf-8")


def failed(_request: HttpRequest) -> HttpResponse:
    """Django's ``handler500``: 503 while the database is away, because then trying again soon helps."""
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        away = HttpResponse(
            "The database does not answer. Try again soon.\n", status=503, content_type=_PLAIN
        )
        away["Retry-After"] = "5"
        return away
    return HttpResponse("The server failed; its log says where.\n", status=500, content_type=_PLAIN)
