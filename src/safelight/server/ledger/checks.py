"""Django's own check of the guards, which runs before each migration.

Warnings, because errors would stop the very migration that puts the guards back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Tags, Warning, register  # noqa: A004 - its name in Django

from safelight.server.ledger.guards import guard_problems


@register(Tags.database)
def ledger_is_guarded(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:  # noqa: ANN401
    """One warning for each guard that is missing or refuses nothing."""
    if not databases:
        return []
    return [Warning(problem, id="ledger.W001") for problem in guard_problems()]
