"""Who is told that a hotline finished a report. By itself, so that listening costs nothing at a start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from safelight.server.hotlines.models import Report

FINISHED: Final[list[Callable[[Report], None]]] = []
"""Called in the transaction in which a hotline finished a report."""
