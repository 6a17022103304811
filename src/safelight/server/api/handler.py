"""The short way to the API for those who bring a key: no session, no cookie, no page.

A request with a key is never looked at as a person's: its cookies are not read and it needs no CSRF token.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse

from safelight.server.api.quick import look_up_quickly
from safelight.server.operations.hosts import Application, Start
from safelight.server.operations.metrics import measured

_API: Final = "/api/"
_BEARER: Final = "bearer "


class KeyHandler(WSGIHandler):
    """Django with just what a request by key needs: it is counted, and its answer is not to be kept."""

    def load_middleware(self, is_async: bool = False) -> None:  # noqa: ARG002 - Django's own signature
        """Two of our own, where settings name a dozen."""
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware: list[Any] = []
        get_response: Any = self._get_response  # type: ignore[attr-defined]  # its stub leaves it out
        answered = convert_exception_to_response(get_response)
        self._middleware_chain = convert_exception_to_response(measured(_guarded(answered)))


def _guarded(get_response: Any) -> Any:  # noqa: ANN401 - Django's own
    def answer(request: HttpRequest) -> HttpResponse:
        response: HttpResponse = get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    return answer


def by_key_or_page(pages: Application) -> Application:
    """Requests to the API that bring a key go the short way, all others to ``pages``."""
    keys: Application = KeyHandler()

    def answer(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        by_key = str(environ.get("HTTP_AUTHORIZATION", ""))[: len(_BEARER)].lower() == _BEARER
        if by_key and str(environ.get("PATH_INFO", "")).startswith(_API):
            quick = look_up_quickly(environ, start_response)
            return keys(environ, start_response) if quick is None else quick
        return pages(environ, start_response)

    return answer
