"""The app's place in the project."""

from __future__ import annotations

from collections.abc import Sequence

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class Config(AppConfig):
    """Registers the app under its own word; no guard is in the way of a migration, nor missing after it."""

    name = "safelight.server.cases"
    label = "cases"

    def ready(self) -> None:
        """Listen for migrations."""
        pre_migrate.connect(_take_down, sender=self)
        post_migrate.connect(_reinstall, sender=self)


def _take_down(*, plan: Sequence[object], **_told: object) -> None:
    from safelight.server.cases.guards import take_guards_down  # noqa: PLC0415 - models are loaded by now

    if plan:
        take_guards_down()


def _reinstall(**_told: object) -> None:
    from safelight.server.cases.guards import put_guards_back  # noqa: PLC0415 - models are loaded by now

    put_guards_back()
