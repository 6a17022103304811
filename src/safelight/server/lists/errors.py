"""Why a change to a list was not made. The messages are for the person who tried."""

from __future__ import annotations

from safelight.errors import ListError


class ReasonNeeded(ListError):
    """The change takes a reason, or a review date in the future."""


class TwoPeopleNeeded(ListError):
    """The change takes two people who sign in; whoever tried cannot be one of them."""


class ClassNotAllowed(ListError):
    """This workspace may not hold a list of that class."""


class NotWaiting(ListError):
    """What was to be decided does not wait any more."""
