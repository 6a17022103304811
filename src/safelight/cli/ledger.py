"""``safelight ledger``: prove that nobody changed the record of what was done."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from safelight.cli.exit_codes import ExitCode
from safelight.cli.row_progress import progress_bar
from safelight.cli.workspace_options import workspace_options
from safelight.keys import Purpose
from safelight.ledger.archive import DirectoryArchive
from safelight.ledger.heads import HeadVerifier

if TYPE_CHECKING:
    from safelight.server.ledger.verification import LedgerReport


@click.group()
def ledger() -> None:
    """Verify the server's ledger, the record of what was done."""


@ledger.command()
@click.option(
    "--heads",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="A directory of heads that was kept elsewhere; without it a cut-off end cannot be missed.",
)
@click.option("--trust", multiple=True, metavar="KEY", help="A former public key that you wrote down.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@workspace_options
def verify(
    heads: Path | None, trust: tuple[str, ...], as_json: bool, workspace: Path | None, key_file: Path | None
) -> None:
    """Read every row and every signed head, and say what was changed and where. Exit code 1 if anything was.

    The server may run meanwhile.
    """
    from safelight.server import by_hand  # noqa: PLC0415 - Django is loaded for this command only

    trusted = [HeadVerifier.parse(text) for text in trust]
    by_hand.set_up(workspace, key_file, {Purpose.LEDGER_SIGNING})
    from safelight.server.ledger.verification import verify_all  # noqa: PLC0415 - needs that set-up

    kept = () if heads is None else DirectoryArchive(heads)
    with progress_bar("Verifying") as progress:
        report = verify_all(progress, kept=kept, trusted=trusted)
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(report) | {"whole": report.is_whole}))
    else:
        _tell(report, heads)
    if not report.is_whole:
        raise click.exceptions.Exit(ExitCode.FAILED)


def _tell(report: LedgerReport, heads: Path | None) -> None:
    for finding in report.findings:
        click.echo(f"WRONG  {finding.text}", err=True)
    if report.is_whole:
        click.echo(f"The ledger is whole: all {report.rows:,} placed rows are what was signed.")
    else:
        click.echo(
            f"The ledger is not as it was written. {report.proven:,} of {report.rows:,} placed rows lie "
            "under a confirmed head. Keep a copy of the database as it is before you restore a backup."
        )
    click.echo(f"Heads      {report.heads:,} in the database, {report.kept_heads:,} kept elsewhere")
    if report.former_heads:
        click.echo(f"           {report.former_heads:,} of a former key were not used; see --trust")
    click.echo(f"Waiting    {report.waiting:,} rows for their place, which takes a second")
    click.echo(f"Erased     details of {report.erased:,} rows, each on record")
    click.echo(f"Signed by  {report.key}")
    if heads is None:
        click.echo("Rows that were cut off together with their heads can only be missed with --heads.")
