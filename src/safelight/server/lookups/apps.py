"""The app of look-ups by hash."""

from __future__ import annotations

from django.apps import AppConfig


class Config(AppConfig):
    """Known to Django as ``lookups``."""

    name = "safelight.server.lookups"
    label = "lookups"
