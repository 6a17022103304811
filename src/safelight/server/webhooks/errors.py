"""Why a webhook was not set up, or not sent. The messages are for the administrator."""

from __future__ import annotations

from safelight.errors import SafelightError


class WebhookError(SafelightError):
    """The base of this room's errors."""


class EndpointRefused(WebhookError):
    """The address or the kinds of an endpoint cannot be used as they were given."""


class NoSuchEndpoint(WebhookError):
    """The endpoint or delivery does not exist, or is retired."""


class NotDelivered(WebhookError):
    """The receiver did not take the message; it is tried again. ``status`` is 0 where none was answered."""

    def __init__(self, why: str, status: int = 0) -> None:
        super().__init__(why)
        self.status = status
