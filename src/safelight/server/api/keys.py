"""Who sends: a key in ``Authorization: Bearer``, and nothing else. Sessions of people are not looked at."""

from __future__ import annotations

from django.http import HttpRequest
from ninja.security import HttpBearer

from safelight.server.api.limits import spend
from safelight.server.intake.api_keys import authenticate
from safelight.server.intake.errors import KeyMayNot
from safelight.server.intake.models import ApiKey
from safelight.server.people.actors import KeyActor


class PlatformKey(HttpBearer):
    """Recognises a key of the platform by its token's digest."""

    def authenticate(self, request: HttpRequest, token: str) -> KeyActor:  # noqa: ARG002 - ninja's signature
        """The key, one request of which was counted.

        Raises :class:`~safelight.server.intake.errors.KeyRefused` and :class:`~.limits.TooMany`.
        """
        return recognise(token)


def recognise(token: str) -> KeyActor:
    """The key, one request of which was counted. Raises as :meth:`PlatformKey.authenticate`."""
    actor = authenticate(token)
    spend(actor.key)
    return actor


def key_of(request: HttpRequest) -> KeyActor:
    """The key that a request was let in with."""
    actor = getattr(request, "auth", None)
    assert isinstance(actor, KeyActor)
    return actor


def needs_server(request: HttpRequest) -> None:
    """Raises :class:`KeyMayNot` for a key that is not of the platform's own server."""
    must_be_of_server(key_of(request))


def must_be_of_server(actor: KeyActor) -> None:
    """Raises as :func:`needs_server`."""
    if actor.key.audience != ApiKey.Audience.SERVER:
        raise KeyMayNot(
            "This is for keys of the platform's own server. A key for uploaders learns nothing here."
        )
