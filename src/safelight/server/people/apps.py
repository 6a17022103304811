"""The app's place in the project."""

from __future__ import annotations

from django.apps import AppConfig


class Config(AppConfig):
    """Registers the app under its own word."""

    name = "safelight.server.people"
    label = "people"

    def ready(self) -> None:
        """Load what registers itself: what approvals carry out, and what the ledger hears of factors."""
        from safelight.server.people import credentials, factor_ledger, grants  # noqa: F401, PLC0415
