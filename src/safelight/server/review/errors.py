"""Why something is not shown. The messages are for the person who asked."""

from __future__ import annotations

from safelight.errors import SafelightError


class ReviewError(SafelightError):
    """The base of this room's refusals."""


class NotShown(ReviewError):
    """This file cannot be shown here: its kind, its bytes, or its decoder does not allow it."""


class NotAllowed(ReviewError):
    """The protections in force do not allow this level, or ask for a lower one first."""


class ReasonMissing(ReviewError):
    """From the level that the protections name, a view needs a reason."""


class OnBreak(ReviewError):
    """A break runs, or a budget is used up."""


class AddressUsed(ReviewError):
    """The one-use address was used, has expired, or belongs to another session."""
