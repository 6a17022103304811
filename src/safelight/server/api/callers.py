"""Who calls: a platform's key, or a person by the session of their browser.

A session alone would let any page act in a person's name, so whatever changes something needs the CSRF token
of our own pages too. What a person may do is decided where everything is: in the services.
"""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest
from ninja.errors import HttpError
from ninja.security import APIKeyCookie
from ninja.utils import check_csrf

from safelight.server.api.keys import PlatformKey
from safelight.server.intake.api_keys import Scope
from safelight.server.intake.errors import ScopeMissing
from safelight.server.intake.models import ApiKey
from safelight.server.people.actors import KeyActor, PersonActor
from safelight.server.people.models import Person
from safelight.server.people.sessions import actor_of


class PersonSession(APIKeyCookie):
    """Recognises who is signed in; a key that was sent along is looked at first, and alone."""

    param_name = settings.SESSION_COOKIE_NAME

    def __call__(self, request: HttpRequest) -> Any:  # noqa: ANN401 - the library's signature
        """The person, or None. Raises ``HttpError`` without the token where something would change."""
        if not isinstance(request.user, Person):
            return None
        if check_csrf(request) is not None:
            raise HttpError(403, "Send the CSRF token of a page of this server: X-CSRFToken.")
        return actor_of(request)

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:  # noqa: ANN401
        """Never called: a session is more than its cookie's value."""
        raise NotImplementedError


PERSON: Final = PersonSession()
KEY_OR_PERSON: Final = [PlatformKey(), PERSON]


def caller_of(request: HttpRequest) -> KeyActor | PersonActor:
    """Who a request was let in as."""
    actor = getattr(request, "auth", None)
    assert isinstance(actor, KeyActor | PersonActor)
    return actor


def person_of(request: HttpRequest) -> PersonActor:
    """The person that a request of a route for people was let in as."""
    actor = caller_of(request)
    assert isinstance(actor, PersonActor)
    return actor


def server_key(actor: KeyActor, scope: Scope) -> KeyActor:
    """A key of the platform's own server that has this scope. Raises :class:`ScopeMissing`."""
    if actor.key.audience != ApiKey.Audience.SERVER or scope.value not in actor.key.scopes:
        raise ScopeMissing(f"This takes a key of the platform's server with the scope {scope.value}.")
    return actor
