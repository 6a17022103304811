"""Who may call the routes of the API: a key by its scope, a person by what they are granted."""

from __future__ import annotations

from typing import Final

from safelight.server.intake.api_keys import Scope
from safelight.server.rules import ANYONE, Rule

RULES: Final[dict[str, Rule]] = {
    # Where the library would list routes; it answers that there is nothing.
    "GET /api/v1/": ANYONE,
    "POST /api/v1/scan": Rule(scope=Scope.SCAN),
}
