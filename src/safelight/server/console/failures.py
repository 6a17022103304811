"""The pages of what went wrong: what happened, and what to do next, in the design of every other page."""

from __future__ import annotations

import sys
from http import HTTPStatus

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

_API = "/api/"


def _failed(request: HttpRequest, status: HTTPStatus, title: str, text: str) -> HttpResponse:
    if request.path.startswith(_API):
        told = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": text}
        return JsonResponse(told, status=status.value, content_type="application/problem+json")
    return render(request, "console/failed.html", {"title": title, "text": text}, status=status.value)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """What was sent makes no sense; the details are in the log, not on the page."""
    return _failed(
        request,
        HTTPStatus.BAD_REQUEST,
        _("This request makes no sense"),
        _("Something in it is not as this server writes it. Go back, reload the page, and try again."),
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """No such page, or nothing that the reader may know of."""
    return _failed(
        request,
        HTTPStatus.NOT_FOUND,
        _("Nothing is here"),
        _("The address is wrong, or what it named is gone."),
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """A fault of ours, or a database that is away. Nothing of it is shown: it may hold what was worked on."""
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        return _database_away(request)
    return _failed(
        request,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        _("Something went wrong here"),
        _("It was not your doing, and what you did last was not saved. Try again; if it happens again, tell"
          " the operator of this server the time: its log has the details."),
    )  # fmt: skip


def _database_away(request: HttpRequest) -> HttpResponse:
    """Trying again soon helps. Without the page's frame, which asks the database who is signed in."""
    text = _("The database does not answer. Try again soon.")
    if request.path.startswith(_API):
        answer = _failed(request, HTTPStatus.SERVICE_UNAVAILABLE, "", text)
    else:
        answer = HttpResponse(f"{text}\n", status=503, content_type="text/plain; charset=utf-8")
    answer["Retry-After"] = "5"
    return answer
