"""Who sends: a key in ``Authorization: Bearer``, and nothing else. Sessions of people are not looked at."""

from __future__ import annotations

from django.http import HttpRequest
from ninja.security import HttpBearer

from safelight.server.intake.api_keys import authenticate
from safelight.server.people.actors import KeyActor


class PlatformKey(HttpBearer):
    """Recognises a key of the platform by its token's digest."""

    def authenticate(self, request: HttpRequest, token: str) -> KeyActor:  # noqa: ARG002 - ninja's signature
        """The key. Raises :class:`~safelight.server.intake.errors.KeyRefused`."""
        return authenticate(token)


def key_of(request: HttpRequest) -> KeyActor:
    """The key that a request was let in with."""
    actor = getattr(request, "auth", None)
    assert isinstance(actor, KeyActor)
    return actor
