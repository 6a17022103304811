"""``safelight lists verify``: runs every check there is on the lists and on what is derived from them."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Final

import click

from safelight.cli.exit_codes import ExitCode
from safelight.cli.row_progress import progress_bar
from safelight.cli.workspace_options import workspace_options
from safelight.workspace import Workspace

CHECKS: Final = ("safelight.workspace.verification:verify_lists",)
"""``module:function`` of each check: ``(Workspace, Progress) -> Iterator[Finding]``. Add more here."""


@click.command()
@workspace_options
def verify(workspace: Path | None, key_file: Path | None) -> None:
    """Open every sealed value and check tags, counts and derived files. Exit code 1 if anything is wrong."""
    wrong = 0
    with Workspace.open(workspace, key_file=key_file) as opened, progress_bar("Verifying") as progress:
        for check in CHECKS:
            module, _, function = check.partition(":")
            for finding in getattr(importlib.import_module(module), function)(opened, progress):
                click.echo(("ok     " if finding.ok else "WRONG  ") + finding.text, err=not finding.ok)
                wrong += not finding.ok
    if wrong:
        raise click.exceptions.Exit(ExitCode.FAILED)
