"""Every route of the API, one module a resource."""

from __future__ import annotations

from typing import Final

from ninja import Router

from safelight.server.api.routes import scan

ROUTERS: Final[tuple[Router, ...]] = (scan.router,)
"""In the order in which the documentation shows them. Paths are whole in each router, below ``/api/v1``."""
