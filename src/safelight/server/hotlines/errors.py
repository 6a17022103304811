"""Why a report is not sent, or not as asked."""

from __future__ import annotations

from safelight.errors import HotlineError


class SendingError(HotlineError):
    """The base of this room's errors about sending."""


class NoHotline(SendingError):
    """No hotline is set up for this, or production was not switched on by two people."""


class NotForRehearsal(SendingError):
    """Test and mock are sent nothing but evidence of class ``test``."""


class NotToBeSent(SendingError):
    """The report is not in a state in which this can be done."""


class EvidenceGone(SendingError):
    """A file of the report has no evidence any more."""
