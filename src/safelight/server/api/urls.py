"""The API's place among the server's routes."""

from __future__ import annotations

from typing import Final

from django.urls import path

from safelight.server.api.building import build_api

api: Final = build_api()
urlpatterns = [path("", api.urls)]
