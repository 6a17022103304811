"""The app's place in the project."""

from __future__ import annotations

from django.apps import AppConfig


class Config(AppConfig):
    """Registers the app under its own word."""

    name = "safelight.server.hotlines"
    label = "hotlines"
