"""Errors as RFC 9457 problem documents. None tells a sender anything about what is listed."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError

from safelight.errors import SafelightError, SpoolTooLarge
from safelight.server.intake.errors import ContextRefused, KeyRefused, KeyReused

_log: Final = logging.getLogger("safelight.api")
_RETRY_SECONDS: Final = 5
_NOT_NOW: Final = "Nothing can be taken in at the moment. Send this again soon."


@dataclass(frozen=True, slots=True)
class Refusal(Exception):
    """A request that is refused, and why."""

    status: HTTPStatus
    detail: str


def problem(status: HTTPStatus, detail: str) -> HttpResponse:
    """The document (RFC 9457, section 3); its type is ``about:blank``, so its title is the status's."""
    body = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
    response = JsonResponse(body, status=status.value, content_type="application/problem+json")
    response["Cache-Control"] = "no-store"
    if status is HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = "Bearer"
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        response["Retry-After"] = str(_RETRY_SECONDS)
    return response


def tell_problems(api: NinjaAPI) -> None:
    """Let an API answer every error as a problem document."""

    @api.exception_handler(Refusal)
    def refused(_request: HttpRequest, error: Refusal) -> HttpResponse:
        return problem(error.status, error.detail)

    @api.exception_handler(AuthenticationError)
    def without_key(_request: HttpRequest, _error: AuthenticationError) -> HttpResponse:
        return problem(HTTPStatus.UNAUTHORIZED, "Send a key: Authorization: Bearer slk_…")

    @api.exception_handler(HttpError)
    def failed(_request: HttpRequest, error: HttpError) -> HttpResponse:
        return problem(HTTPStatus(error.status_code), str(error))

    @api.exception_handler(OperationalError)
    @api.exception_handler(InterfaceError)
    def without_database(_request: HttpRequest, error: OperationalError | InterfaceError) -> HttpResponse:
        _log.error("the database did not answer", exc_info=error)
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, _NOT_NOW)

    @api.exception_handler(SafelightError)
    def of_ours(_request: HttpRequest, error: SafelightError) -> HttpResponse:
        match error:
            case KeyRefused():
                return problem(HTTPStatus.UNAUTHORIZED, str(error))
            case ContextRefused() | KeyReused():
                return problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(error))
            case SpoolTooLarge():
                return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, str(error))
            case _:
                # The vault, the keys or the lists: the operator finds which in the log, the sender does not.
                _log.exception("an arrival was not taken in", exc_info=error)
                return problem(HTTPStatus.SERVICE_UNAVAILABLE, _NOT_NOW)
