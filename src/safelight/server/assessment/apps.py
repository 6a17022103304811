"""The app's place in the project, and what it adds to cases, to deciding and to complaints."""

from __future__ import annotations

from django.apps import AppConfig


class Config(AppConfig):
    """Registers the app under its own word."""

    name = "safelight.server.assessment"
    label = "assessment"

    def ready(self) -> None:
        """Have decisions ask for wanted opinions, complaints run their corrections, and stacks reach far."""
        from safelight.server.assessment.following import (  # noqa: PLC0415 - models are loaded
            ask_for,
            correct,
            told_hotline,
        )
        from safelight.server.assessment.opinions import (  # noqa: PLC0415
            require_opinions,
            require_unreported,
        )
        from safelight.server.cases.complaints import UPHELD  # noqa: PLC0415
        from safelight.server.cases.decisions import BEFORE_DECIDING  # noqa: PLC0415
        from safelight.server.cases.services import JOINED  # noqa: PLC0415
        from safelight.server.hotlines.finished import FINISHED  # noqa: PLC0415

        for ask in (require_unreported, require_opinions):
            if ask not in BEFORE_DECIDING:
                BEFORE_DECIDING.append(ask)
        if correct not in UPHELD:
            UPHELD.append(correct)
        if told_hotline not in FINISHED:
            FINISHED.append(told_hotline)
        if ask_for not in JOINED:
            JOINED.append(ask_for)
