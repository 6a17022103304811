"""Where reports go, and as whom. Nothing goes to production unless somebody says so in as many words."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from safelight.errors import UsageError

_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


class Environment(StrEnum):
    """Which of the service's installations is spoken to."""

    MOCK = "mock"
    """Safelight's own, on this machine."""
    TEST = "test"
    """NCMEC's test service, with credentials of its own. Nobody investigates what it is sent."""
    PRODUCTION = "production"

    @property
    def counts(self) -> bool:
        """Whether what is finished there is a report in the law's sense."""
        return self is Environment.PRODUCTION


BASES: Final = {
    Environment.TEST: "https://exttest.cybertip.org/ispws",
    Environment.PRODUCTION: "https://report.cybertip.org/ispws",
}
"""*CyberTipline Reporting API Technical Documentation*, as saved in November 2025."""
MOCK_BASE: Final = "http://localhost:8410/ispws"


@dataclass(frozen=True, slots=True)
class Place:
    """One installation, and the name and password that NCMEC gave for it."""

    environment: Environment
    username: str
    password: str = field(repr=False)
    mock_base: str = MOCK_BASE

    @property
    def base(self) -> str:
        """The address that calls are appended to. Raises :class:`UsageError` for a mock elsewhere."""
        if self.environment is not Environment.MOCK:
            return BASES[self.environment]
        if urlsplit(self.mock_base).hostname not in _LOOPBACK:
            raise UsageError("A mock hotline is reached on this machine only: http://localhost:…")
        return self.mock_base.rstrip("/")
