"""The app's place in the project."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class Config(AppConfig):
    """Registers the app under its own word, and puts the guards back after each migration."""

    name = "safelight.server.cases"
    label = "cases"

    def ready(self) -> None:
        """Listen for migrations of this app."""
        post_migrate.connect(_reinstall, sender=self)


def _reinstall(**_told: object) -> None:
    from safelight.server.cases.guards import put_guards_back  # noqa: PLC0415 - models are loaded by now

    put_guards_back()
