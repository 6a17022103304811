"""Why a report is not drafted or changed as asked. The messages are for the person who tried."""

from __future__ import annotations

from safelight.errors import HotlineError


class DraftError(HotlineError):
    """The base of these refusals."""


class NothingToReport(DraftError):
    """Nothing in the case is confirmed, or nothing of it goes to a hotline by default."""


class AlreadyReported(DraftError):
    """Everything that is confirmed here was reported; a report is made once."""


class NotADraft(DraftError):
    """The report was handed over, finished or discarded: it does not change any more."""


class ChangedMeanwhile(DraftError):
    """Somebody else changed the draft after it was shown."""


class NotReady(DraftError):
    """Pre-flight found something that stops the report."""
