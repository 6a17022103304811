"""How a page of the console is guarded: signed in, never cached, and only for who may."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeAlias

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from safelight.errors import SafelightError
from safelight.server.people.actors import PersonActor
from safelight.server.people.permissions import PermissionDenied, permissions_of
from safelight.server.people.roles import Permission
from safelight.server.people.sessions import actor_of

Page: TypeAlias = Callable[..., HttpResponse]


def page(*any_of: Permission, methods: tuple[str, ...] = ("GET", "HEAD")) -> Callable[[Page], Page]:
    """Guard a view, which is given the actor in place of the bare person.

    One of the permissions opens it; without any, signing in is enough. What a service asks for besides, it
    asks for by itself.
    """

    def guard(view: Page) -> Page:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ANN401
            actor = actor_of(request)
            if any_of and not permissions_of(actor.person) & set(any_of):
                raise PermissionDenied(any_of[0], _("Your roles do not open this page. Ask an administrator."))
            return view(request, actor, *args, **kwargs)

        return login_required(never_cache(require_http_methods(list(methods))(guarded)))

    return guard


def act(*any_of: Permission) -> Callable[[Page], Page]:
    """Guard a view that changes something: only a form that was sent reaches it."""
    return page(*any_of, methods=("POST",))


def done(request: HttpRequest, change: Callable[[], object], said: str) -> bool:
    """Try a change and tell the person what came of it: ``said``, or why it was refused."""
    try:
        change()
    except SafelightError as refused:
        messages.error(request, str(refused))
        return False
    messages.success(request, said)
    return True


__all__ = ["Page", "PersonActor", "act", "done", "page"]
