"""The console as a Django application: templates, stylesheet, modules; it has no tables."""

from __future__ import annotations

from django.apps import AppConfig


class Config(AppConfig):
    """Named so that its label is the room's name."""

    name = "safelight.server.console"
    label = "console"
