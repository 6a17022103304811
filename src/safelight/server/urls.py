"""Every route of the server."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

handler403 = "safelight.server.people.views.denied"
handler500 = "safelight.server.operations.views.failed"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("safelight.server.operations.urls")),
    path("api/v1/", include("safelight.server.api.urls")),
    path("accounts/", include("safelight.server.people.urls")),
]
