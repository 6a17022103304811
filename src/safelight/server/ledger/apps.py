"""The app's place in the project, and its guards' after each migration."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class Config(AppConfig):
    """Registers the app under its own word."""

    name = "safelight.server.ledger"
    label = "ledger"

    def ready(self) -> None:
        """Check the guards with Django's other checks, and reinstall them after each migration."""
        from safelight.server.ledger import checks  # noqa: F401, PLC0415

        post_migrate.connect(_reinstall, sender=self, dispatch_uid="ledger guards")


def _reinstall(**_: Any) -> None:  # noqa: ANN401 - the signal's own arguments
    from safelight.server.ledger.guards import install_guards  # noqa: PLC0415 - needs the models

    install_guards()
