"""The app's place in the project."""

from __future__ import annotations

from django.apps import AppConfig


class Config(AppConfig):
    """Registers the app under its own word, and what follows an approved early destruction."""

    name = "safelight.server.vault"
    label = "vault"

    def ready(self) -> None:
        """Import what registers itself."""
        from safelight.server.vault import clocks  # noqa: F401, PLC0415 - models must be loaded first
