"""Why the server could not do something with evidence; the core's own errors pass through as they are."""

from __future__ import annotations

from safelight.errors import VaultError


class VaultUnreachable(VaultError):
    """The vault process did not answer in time. It restarts by itself; try again."""


class SealingKeyRetired(VaultError):
    """The key was rotated while something was being sealed to the old one; seal again."""


class SealedTooLate(VaultError):
    """The stored bytes were removed as abandoned before they were recorded; seal again."""


class ClockUntrusted(VaultError):
    """The machine's clock disagrees with the database's, or ran backwards; nothing was destroyed."""
