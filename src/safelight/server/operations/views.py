"""``/healthz``, ``/readyz`` and ``/metrics``: for the machine that watches this one, on the loopback only."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Final

from django.db import Error as AnyDatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from safelight.server.operations.health import readiness
from safelight.server.operations.metrics import exposition

_OF_PROXIES: Final = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP", "HTTP_VIA")
_PLAIN: Final = "text/plain; charset=utf-8"


@never_cache
@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """Alive: this process answers. It asks nobody else, so that a full disk does not have it restarted."""
    return HttpResponse("alive\n", content_type=_PLAIN)


def _here(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Refuse whoever comes through a proxy: how the server is doing is for this machine only."""

    @functools.wraps(view)
    def answer(request: HttpRequest) -> HttpResponse:
        if any(name in request.META for name in _OF_PROXIES):
            return HttpResponse("Ask on the machine itself.\n", status=403, content_type="text/plain")
        return view(request)

    return answer


@never_cache
@require_safe
@_here
def readyz(_request: HttpRequest) -> HttpResponse:
    """Ready: every check is well; 503 and each reason otherwise."""
    checks = readiness()
    ready = all(check.well for check in checks)
    facts = [{"name": check.name, "well": check.well, "says": check.says} for check in checks]
    return JsonResponse({"ready": ready, "checks": facts}, status=200 if ready else 503)


@never_cache
@require_safe
@_here
def metrics(_request: HttpRequest) -> HttpResponse:
    """Counts in Prometheus' text format; 503 while the database does not answer."""
    try:
        body = exposition()
    except AnyDatabaseError:
        away = HttpResponse("The database does not answer.\n", status=503, content_type="text/plain")
        away["Retry-After"] = "5"
        return away
    return HttpResponse(body, content_type="text/plain; version=0.0.4; charset=utf-8")
