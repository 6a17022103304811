"""How a page of the console is guarded: signed in, never cached, and only for who may."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeAlias

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from safelight.errors import SafelightError
from safelight.server.people.actors import PersonActor
from safelight.server.people.permissions import PermissionDenied, require
from safelight.server.people.roles import Permission
from safelight.server.people.sessions import actor_of

Page: TypeAlias = Callable[..., HttpResponse | StreamingHttpResponse]


def page(*any_of: Permission, methods: tuple[str, ...] = ("GET", "HEAD")) -> Callable[[Page], Page]:
    """Guard a view, which is given the actor after the request.

    One of the permissions opens it; without any, signing in is enough. What a service asks for besides, it
    asks for by itself. ``rules.py`` says the same, and a test holds every route against it.
    """

    def guard(view: Page) -> Page:
        @wraps(view)
        def guarded(
            request: HttpRequest,
            *args: Any,  # noqa: ANN401
            **kwargs: Any,  # noqa: ANN401
        ) -> HttpResponse | StreamingHttpResponse:
            actor = actor_of(request)
            _require_one(actor, any_of)
            return view(request, actor, *args, **kwargs)

        return login_required(never_cache(require_http_methods(list(methods))(guarded)))

    return guard


def act(*any_of: Permission) -> Callable[[Page], Page]:
    """Guard a view that changes something: only a form that was sent reaches it."""
    return page(*any_of, methods=("POST",))


def _require_one(actor: PersonActor, any_of: tuple[Permission, ...]) -> None:
    refused: PermissionDenied | None = None
    for permission in any_of:
        try:
            require(actor, permission)
        except PermissionDenied as denied:
            # What a second factor would open is worth more to know than what no role of theirs does.
            if refused is None or denied.needs_second_factor:
                refused = denied
        else:
            return
    if refused is not None:
        raise refused


def done(request: HttpRequest, change: Callable[[], object], said: str) -> bool:
    """Try a change and tell the person what came of it: ``said``, or why it was refused."""
    try:
        change()
    except SafelightError as refused:
        messages.error(request, str(refused))
        return False
    messages.success(request, said)
    return True
