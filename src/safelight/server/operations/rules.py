"""Who may call the routes for whoever watches the server: whoever reaches the loopback interface."""

from __future__ import annotations

from typing import Final

from safelight.server.rules import ANYONE, Rule

RULES: Final[dict[str, Rule]] = {
    "GET /healthz": ANYONE,
    "GET /readyz": ANYONE,
    "GET /metrics": ANYONE,
}
