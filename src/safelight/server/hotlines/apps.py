"""The app's place in the project."""

from __future__ import annotations

from django.apps import AppConfig


class Config(AppConfig):
    """Registers the app under its own word."""

    name = "safelight.server.hotlines"
    label = "hotlines"

    def ready(self) -> None:
        """Import what registers itself."""
        from safelight.server.hotlines import places  # noqa: F401, PLC0415 - models must be loaded first
