"""The command line: ``safelight …``."""

from __future__ import annotations

from safelight.cli.main import main

__all__ = ["main"]
