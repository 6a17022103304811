"""The schemes that this server derives: those that ship, and the operator's files in ``schemes/``."""

from __future__ import annotations

import functools
from pathlib import Path

from django.conf import settings

from safelight.assessment.schemes import Scheme, load_schemes


def schemes() -> tuple[Scheme, ...]:
    """Every scheme, read once a process. Raises :class:`~safelight.errors.UsageError`."""
    return _read(settings.CONFIG.workspace / "schemes")


@functools.cache
def _read(directory: Path) -> tuple[Scheme, ...]:
    return load_schemes(directory)
