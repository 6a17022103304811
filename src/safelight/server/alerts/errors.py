"""Why an alert was not acknowledged, or not sent."""

from __future__ import annotations

from safelight.errors import SafelightError


class AlertError(SafelightError):
    """The base of this room's errors."""


class NoSuchAlert(AlertError):
    """The alert is not open any more, or never was."""


class MailNotSent(AlertError):
    """The mail server did not take a message; it is tried again."""
