"""Why an act concerning people was not done. The messages are for the person who tried."""

from __future__ import annotations

from safelight.errors import SafelightError


class PeopleError(SafelightError):
    """The base of this room's refusals."""


class LinkInvalid(PeopleError):
    """A one-time link was used, withdrawn, has expired, or never existed; which of them is not told."""


class AlreadyJoined(PeopleError):
    """Somebody has joined already, so this link cannot be made or used."""


class ProposalClosed(PeopleError):
    """The proposal was decided by someone else, or has expired."""


class SecondPersonNeeded(PeopleError):
    """Who proposed an act, or is concerned by it, cannot approve it."""


class RolesExclude(PeopleError):
    """The person holds a role that this one excludes."""


class NotApproved(PeopleError):
    """Nobody approved this act, it was carried out already, or the approval is too old."""
