"""The app's place in the project."""

from __future__ import annotations

from django.apps import AppConfig


class Config(AppConfig):
    """Registers the app under its own word, and what follows what a second person approved."""

    name = "safelight.server.bundle"
    label = "bundle"

    def ready(self) -> None:
        """Import what registers itself."""
        from safelight.server.bundle import asking, recipients  # noqa: F401, PLC0415 - models come first
