"""The API's place among the server's routes."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path, re_path

from safelight.server.api.building import build_api
from safelight.server.api.openapi import document
from safelight.server.api.problems import NOT_HERE, problem

api: Final = build_api()


@login_required
def openapi(_request: HttpRequest) -> JsonResponse:
    """The document, for those who are signed in."""
    return JsonResponse(document(api))


def nothing_here(_request: HttpRequest) -> HttpResponse:
    """404 as a problem document."""
    return problem(HTTPStatus.NOT_FOUND, NOT_HERE)


urlpatterns = [
    path("openapi.json", openapi, name="openapi"),
    path("", api.urls),
    re_path(r"^.*$", nothing_here, name="nothing-here"),
]
