"""Every route of the API, one module a resource."""

from __future__ import annotations

from typing import Final

from ninja import Router

from safelight.server.api.routes import cases, complaints, lists, references, scan, webhooks

ROUTERS: Final[tuple[Router, ...]] = (
    scan.router,
    references.router,
    lists.router,
    cases.router,
    complaints.router,
    webhooks.router,
)
"""In the order in which the documentation shows them. Paths are whole in each router, below ``/api/v1``."""
