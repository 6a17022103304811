"""Why something was not taken in, or not set up. The messages are for who tried."""

from __future__ import annotations

from safelight.errors import SafelightError


class IntakeError(SafelightError):
    """The base of this room's refusals."""


class NoSuchSurface(IntakeError):
    """The surface was never declared, or is retired."""


class SurfaceExists(IntakeError):
    """A surface of that name was declared before."""


class BasisInvalid(IntakeError):
    """A legal basis that could not mean anything as it was given."""


class KeyRefused(IntakeError):
    """The key is unknown, suspended, revoked, expired or of a retired surface; which of them is not told."""


class ContextRefused(IntakeError):
    """What was said about an arrival contradicts what the key may send."""


class ScopeMissing(ContextRefused):
    """The key may not send this at all, whatever is said about it."""


class KeyReused(IntakeError):
    """An idempotency key came again with other content."""


class NotWaiting(IntakeError):
    """The item does not wait to be scanned."""


class NoSuchSubmission(IntakeError):
    """There is no such arrival, or another key sent it; which of them is not told."""
