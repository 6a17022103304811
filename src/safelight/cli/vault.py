"""``safelight vault``: is all evidence there, and is it what was sealed? Shows ids, never content."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from safelight.cli.exit_codes import ExitCode
from safelight.cli.row_progress import progress_bar
from safelight.cli.workspace_options import workspace_options
from safelight.workspace import Workspace

if TYPE_CHECKING:
    from safelight.vault.check import CheckReport


@click.group()
def vault() -> None:
    """Check the evidence that the server keeps."""


@vault.command()
@click.option("--sample", type=click.IntRange(1), metavar="N", help="Read about N objects, chosen at random.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@workspace_options
def check(sample: int | None, as_json: bool, workspace: Path | None, key_file: Path | None) -> None:
    """Look for every object, and read each to its last byte.

    The server may run meanwhile. Exit code 1 if anything is missing, damaged or cannot be opened, or if the
    destruction log is. Orphans, which nobody can read, are told and are no fault: the server removes them.
    """
    with progress_bar("Reading evidence") as progress:
        report = _checked(sample, workspace, key_file, progress)
    click.echo(json.dumps(_as_json(report)) if as_json else _in_words(report))
    if not report.is_whole:
        raise click.exceptions.Exit(ExitCode.FAILED)


def _checked(
    sample: int | None, workspace: Path | None, key_file: Path | None, progress: Callable[[int, int], None]
) -> CheckReport:
    try:
        from safelight.server.config import load  # noqa: PLC0415 - the server's packages are an extra
        from safelight.server.terminal import open_records  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"The server is not installed ({error.name} is missing). Install it with: "
            'pip install "safelight[server]"'
        ) from error
    config = load(workspace)
    with Workspace.open(config.workspace, key_file=key_file) as opened:
        keyring = opened.keyring
    open_records(config, keyring)
    from django.db import Error  # noqa: PLC0415 - only once the records are open

    from safelight.server.vault.checking import check_evidence  # noqa: PLC0415
    from safelight.server.vault.serving import keeper_of  # noqa: PLC0415

    try:
        return check_evidence(
            keeper_of(keyring), sample=sample, progress=lambda at: progress(at.done, at.total)
        )
    except Error as error:
        raise click.ClickException(
            f"The server's records cannot be read: {str(error).strip()}. Check database_url; if the server "
            "never ran on this workspace, start `safelight serve` once."
        ) from error


def _in_words(report: CheckReport) -> str:
    lines = [f"{report.recorded:,} objects are recorded; {report.verified:,} were read to the end."]
    lines += [f"MISSING  {one}" for one in report.missing]
    lines += [f"DAMAGED  {one.object_id}  {one.reason}" for one in report.damaged]
    lines += [f"LOCKED   {one}  needs a key that the key file does not hold" for one in report.locked]
    lines += [f"orphan   {one}  was never recorded, or is being destroyed" for one in report.orphaned]
    if not report.is_whole:
        lines.append(
            "Restore objects from your copy of the store, and missing keys from that of the key file."
        )
    elif report.verified < report.recorded:
        lines.append("All are there. Those not read may still be damaged.")
    else:
        lines.append("All are there and whole.")
    return "\n".join(lines)


def _as_json(report: CheckReport) -> dict[str, object]:
    return {
        "recorded": report.recorded,
        "verified": report.verified,
        "whole": report.is_whole,
        "missing": [str(one) for one in report.missing],
        "damaged": [{"object": str(one.object_id), "reason": one.reason} for one in report.damaged],
        "locked": [str(one) for one in report.locked],
        "orphaned": [str(one) for one in report.orphaned],
    }
