"""How an error raised on purpose reaches the terminal: its message and an exit code, no traceback."""

from __future__ import annotations

from typing import Final

import click

from safelight.errors import SafelightError, UsageError

FAILED: Final = 1
"""The command failed; its message says what to do."""
USAGE: Final = 2
"""The command cannot work as it was called; nothing was done."""


class _Misused(click.ClickException):
    exit_code = USAGE


def plain_failure(error: SafelightError) -> click.ClickException:
    """What click prints as ``Error: …`` and exits with."""
    return (_Misused if isinstance(error, UsageError) else click.ClickException)(str(error))
