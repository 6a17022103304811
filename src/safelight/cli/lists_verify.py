"""``safelight lists verify``: runs every check there is on the lists and on what is derived from them."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from safelight.cli.exit_codes import ExitCode
from safelight.cli.opening import open_workspace
from safelight.cli.row_progress import progress_bar
from safelight.cli.workspace_options import workspace_options
from safelight.workspace import Workspace
from safelight.workspace.verification import Finding, Progress, verify_lists

CHECKS: Final = (
    "safelight.cli.lists_verify:verify_kept_lists",
    "safelight.matching.upkeep:verify_indexes",
)
"""``module:function`` of each check: ``(Workspace, Progress) -> Iterator[Finding]``. Add more here."""


def verify_kept_lists(workspace: Workspace, progress: Progress) -> Iterator[Finding]:
    """Check the lists where they are kept."""
    if workspace.local is not None:
        return verify_lists(workspace, progress)
    from safelight.server.lists.terminal import TerminalListStore  # noqa: PLC0415 - the server is an extra
    from safelight.server.lists.verification import verify_rows  # noqa: PLC0415

    assert isinstance(workspace.store, TerminalListStore)
    return verify_rows(workspace.store, progress)


@click.command()
@workspace_options
def verify(workspace: Path | None, key_file: Path | None) -> None:
    """Open every sealed value and check tags, counts and derived files. Exit code 1 if anything is wrong."""
    wrong = 0
    with open_workspace(workspace, key_file) as opened, progress_bar("Verifying") as progress:
        for check in CHECKS:
            module, _, function = check.partition(":")
            for finding in getattr(importlib.import_module(module), function)(opened, progress):
                click.echo(("ok     " if finding.ok else "WRONG  ") + finding.text, err=not finding.ok)
                wrong += not finding.ok
    if wrong:
        raise click.exceptions.Exit(ExitCode.FAILED)
