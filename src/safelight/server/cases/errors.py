"""Why a case was not changed as asked. The messages are for the person who tried."""

from __future__ import annotations

from safelight.errors import SafelightError


class CaseError(SafelightError):
    """The base of this room's refusals."""


class CaseFinished(CaseError):
    """A finished case never changes; what comes after belongs into a linked one."""


class NotInCase(CaseError):
    """The occurrence, account or decision belongs to another case."""


class AlreadyDecided(CaseError):
    """There is a decision already, and it stands: supersede the latest instead."""


class NotAllDecided(CaseError):
    """Something in the case waits for a decision, or was escalated."""


class AlreadyTaken(CaseError):
    """Somebody else has this case; take another."""


class CannotRearrange(CaseError):
    """These cases cannot be merged, or this one not be split, as asked."""


class MustBeViewed(CaseError):
    """Only equal bytes may be confirmed unseen; likeness has to be looked at."""


class NotHashConfirmed(CaseError):
    """The operator's policy may confirm only what its named lists hold by equal digests."""


class ComplaintClosed(CaseError):
    """The complaint was answered already, or there is one open about the same thing."""


class SomeoneElseAnswers(CaseError):
    """Whoever decided does not answer the complaint about it."""


class ReasonNeeded(CaseError):
    """This cannot be done without saying why."""


class GuardsMissing(CaseError):
    """The database would not refuse to change a finished case."""
