"""Why something was not fetched. The messages tell a caller no more of a network than they knew before."""

from __future__ import annotations

from safelight.errors import SafelightError


class FetchError(SafelightError):
    """The base of this room's errors."""


class FetchRefused(FetchError):
    """The reference is none that this server fetches: what it names was not asked."""


class FetchFailed(FetchError):
    """The other side did not answer, or not as asked, or not in time. Trying again may help."""


class FetchTooLarge(FetchError):
    """What the other side sends is larger than the limit that is set."""
