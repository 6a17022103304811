"""The API's place among the server's routes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, URLResolver, path, re_path

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


def _with_problems(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A route that answers a method which it does not have with a problem document too."""

    @functools.wraps(view)
    def answer(request: HttpRequest, **named: object) -> HttpResponse:
        response = view(request, **named)
        if response.status_code != HTTPStatus.METHOD_NOT_ALLOWED:
            return response
        allowed = response["Allow"]
        told = problem(HTTPStatus.METHOD_NOT_ALLOWED, f"This address takes {allowed}.")
        told["Allow"] = allowed
        return told

    return answer


def _routes() -> tuple[list[URLResolver | URLPattern], str, str]:
    patterns, app, namespace = api.urls
    for pattern in patterns:
        assert isinstance(pattern, URLPattern)
        assert pattern.callback is not None
        pattern.callback = _with_problems(pattern.callback)
    return patterns, app, namespace


urlpatterns = [
    path("openapi.json", openapi, name="openapi"),
    path("", _routes()),
    re_path(r"^.*$", nothing_here, name="nothing-here"),
]
