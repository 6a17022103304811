"""How an error raised on purpose reaches the terminal: its message and an exit code, no traceback."""

from __future__ import annotations

import click

from safelight.cli.exit_codes import ExitCode
from safelight.errors import SafelightError, UsageError


class _Misused(click.ClickException):
    exit_code = ExitCode.USAGE


def plain_failure(error: SafelightError) -> click.ClickException:
    """What click prints as ``Error: …`` and exits with."""
    return (_Misused if isinstance(error, UsageError) else click.ClickException)(str(error))
