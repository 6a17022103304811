"""Errors as RFC 9457 problem documents. None tells a sender anything about what is listed."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from django.core import exceptions
from django.db import Error as AnyDatabaseError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from safelight.errors import ListError, NoSuchList, SafelightError, SpoolTooLarge, UsageError
from safelight.server.api.limits import TooMany
from safelight.server.cases.errors import CaseError
from safelight.server.fetching.errors import FetchFailed, FetchRefused, FetchTooLarge
from safelight.server.intake.errors import (
    ContextRefused,
    KeyMayNot,
    KeyRefused,
    KeyReused,
    NoSuchLookUp,
    NoSuchSubmission,
    NotTheFile,
)
from safelight.server.people.errors import PeopleError
from safelight.server.webhooks.errors import EndpointRefused, NoSuchEndpoint

_log: Final = logging.getLogger("safelight.api")
_RETRY_SECONDS: Final = 5
NOT_HERE: Final = "There is nothing at this address. GET /api/v1/openapi.json names every route."
_NOT_NOW: Final = "Nothing can be taken in at the moment. Send this again soon."


@dataclass(frozen=True, slots=True)
class Refusal(Exception):
    """A request that is refused, and why."""

    status: HTTPStatus
    detail: str


def problem(status: HTTPStatus, detail: str, *, retry_after: float = _RETRY_SECONDS) -> HttpResponse:
    """The document (RFC 9457, section 3); its type is ``about:blank``, so its title is the status's."""
    body = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
    response = JsonResponse(body, status=status.value, content_type="application/problem+json")
    response["Cache-Control"] = "no-store"
    if status is HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = "Bearer"
    if status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS):
        response["Retry-After"] = str(math.ceil(retry_after))
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

    @api.exception_handler(exceptions.PermissionDenied)
    def denied(_request: HttpRequest, error: exceptions.PermissionDenied) -> HttpResponse:
        return problem(HTTPStatus.FORBIDDEN, str(error) or "You may not do this.")

    @api.exception_handler(TooMany)
    def too_many(_request: HttpRequest, error: TooMany) -> HttpResponse:
        return problem(HTTPStatus.TOO_MANY_REQUESTS, str(error), retry_after=error.seconds)

    @api.exception_handler(ValidationError)
    def not_valid(_request: HttpRequest, error: ValidationError) -> HttpResponse:
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, wrong(error.errors))

    @api.exception_handler(AnyDatabaseError)
    def no_database(_request: HttpRequest, error: AnyDatabaseError) -> HttpResponse:
        return refusal_of(error)

    @api.exception_handler(Exception)
    def unforeseen(_request: HttpRequest, error: Exception) -> HttpResponse:
        _log.error("a request failed", exc_info=error)
        return problem(
            HTTPStatus.INTERNAL_SERVER_ERROR,
            "This is our fault. Send it again later; the operator's log has it.",
        )

    @api.exception_handler(Http404)
    def not_here(_request: HttpRequest, _error: Http404) -> HttpResponse:
        return problem(HTTPStatus.NOT_FOUND, NOT_HERE)

    @api.exception_handler(SafelightError)
    def of_ours(_request: HttpRequest, error: SafelightError) -> HttpResponse:
        return refusal_of(error)


def refusal_of(error: SafelightError | AnyDatabaseError) -> HttpResponse:
    """What a sender is told of an error that was raised on purpose, or by a database that does not answer."""
    for kinds, status in _STATUSES.items():
        if isinstance(error, kinds):
            return problem(status, str(error))
    # The vault, the keys or the lists: the operator finds which in the log, the sender does not.
    _log.error("an arrival was not taken in", exc_info=error)
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, _NOT_NOW)


_STATUSES: Final[dict[tuple[type[SafelightError], ...], HTTPStatus]] = {
    (KeyRefused,): HTTPStatus.UNAUTHORIZED,
    (KeyMayNot,): HTTPStatus.FORBIDDEN,
    (NoSuchSubmission, NoSuchLookUp, NoSuchList, NoSuchEndpoint): HTTPStatus.NOT_FOUND,
    (SpoolTooLarge, FetchTooLarge): HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    # The other side's doing is told as such, so that whoever asked looks there first.
    (FetchFailed,): HTTPStatus.BAD_GATEWAY,
    (CaseError,): HTTPStatus.CONFLICT,
    (
        ContextRefused, KeyReused, NotTheFile, FetchRefused, EndpointRefused, UsageError, ListError,
        PeopleError,
    ): HTTPStatus.UNPROCESSABLE_ENTITY,
}  # fmt: skip
"""The first that fits. What is not here is no fault of the request's."""


def wrong(errors: Iterable[Mapping[str, Any]]) -> str:
    """Which fields to mend, without their values."""
    told = "; ".join(
        f"{'.'.join(str(at) for at in one['loc'][1:]) or 'body'}: {one['msg']}" for one in errors
    )
    return f"The request is not valid: {told}."
