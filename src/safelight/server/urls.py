"""Every route of the server."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

handler400 = "safelight.server.console.failures.bad_request"
handler403 = "safelight.server.people.views.denied"
handler404 = "safelight.server.console.failures.not_found"
handler500 = "safelight.server.console.failures.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("safelight.server.operations.urls")),
    path("api/v1/", include("safelight.server.api.urls")),
    path("", include("safelight.server.console.urls")),
    path("", include("safelight.server.assessment.urls")),
    path("", include("safelight.server.review.urls")),
    path("accounts/", include("safelight.server.people.urls")),
]
