"""The app's place in the project."""

from __future__ import annotations

from django.apps import AppConfig


class Config(AppConfig):
    """Registers the app under its own word."""

    name = "safelight.server.lists"
    label = "lists"

    def ready(self) -> None:
        """Load what approvals carry out."""
        from safelight.server.lists import two_people  # noqa: F401, PLC0415
