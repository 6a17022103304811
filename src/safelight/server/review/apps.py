"""The app's place in the project."""

from __future__ import annotations

from django.apps import AppConfig


class Config(AppConfig):
    """Registers the app under its own word, and what approvals of its proposals do."""

    name = "safelight.server.review"
    label = "review"

    def ready(self) -> None:
        """Register the effects of approvals."""
        from safelight.server.review import releases  # noqa: F401, PLC0415 - models are loaded by now
