"""Errors as RFC 9457 problem documents. None tells a sender anything about what is listed."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from django.core import exceptions
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from safelight.errors import ListError, NoSuchList, SafelightError, SpoolTooLarge, UsageError
from safelight.server.cases.errors import CaseError
from safelight.server.fetching.errors import FetchFailed, FetchRefused, FetchTooLarge
from safelight.server.intake.errors import ContextRefused, KeyRefused, KeyReused, ScopeMissing
from safelight.server.people.errors import PeopleError
from safelight.server.webhooks.errors import EndpointRefused, NoSuchEndpoint

_log: Final = logging.getLogger("safelight.api")
_RETRY_SECONDS: Final = 5
_MOST_FAULTS: Final = 8
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

    @api.exception_handler(ValidationError)
    def malformed(_request: HttpRequest, error: ValidationError) -> HttpResponse:
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, _what_is_wrong(error))

    @api.exception_handler(Http404)
    def not_there(_request: HttpRequest, _error: Http404) -> HttpResponse:
        return problem(HTTPStatus.NOT_FOUND, "There is no such thing here.")

    @api.exception_handler(exceptions.PermissionDenied)
    def denied(_request: HttpRequest, error: exceptions.PermissionDenied) -> HttpResponse:
        return problem(HTTPStatus.FORBIDDEN, str(error) or "You may not do this.")

    @api.exception_handler(SafelightError)
    def of_ours(_request: HttpRequest, error: SafelightError) -> HttpResponse:
        for kinds, status in _STATUSES.items():
            if isinstance(error, kinds):
                return problem(status, str(error))
        # The vault, the keys or the indexes: the operator finds which in the log, the sender does not.
        _log.exception("a request was not done", exc_info=error)
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, _NOT_NOW)


_STATUSES: Final[dict[type[SafelightError] | tuple[type[SafelightError], ...], HTTPStatus]] = {
    KeyRefused: HTTPStatus.UNAUTHORIZED,
    ScopeMissing: HTTPStatus.FORBIDDEN,
    (ContextRefused, KeyReused): HTTPStatus.UNPROCESSABLE_ENTITY,
    (SpoolTooLarge, FetchTooLarge): HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    (NoSuchList, NoSuchEndpoint): HTTPStatus.NOT_FOUND,
    # What the other side did is told as such, so that whoever asked looks there first.
    FetchFailed: HTTPStatus.BAD_GATEWAY,
    (FetchRefused, EndpointRefused, UsageError, ListError, PeopleError): HTTPStatus.UNPROCESSABLE_ENTITY,
    CaseError: HTTPStatus.CONFLICT,
}
"""The first that fits. What is not here is no fault of the request's."""


def _what_is_wrong(error: ValidationError) -> str:
    """Which fields and why; never their values, which may be content."""
    told = [(".".join(str(step) for step in one["loc"][1:]), one["msg"]) for one in error.errors]
    return "; ".join(f"{place or 'the request'}: {why}" for place, why in told[:_MOST_FAULTS])[:1_000]
