"""``safelight backup``: copies a server's workspace and database into a new directory, while it serves."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from safelight.cli.row_progress import progress_bar
from safelight.cli.server_extra import needs_server
from safelight.cli.workspace_options import workspace_option


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--evidence",
    type=click.Choice(["copied", "referenced"]),
    help="Whether sealed evidence is copied (the default for files) or stays in its bucket (for s3).",
)
@workspace_option
@needs_server
def backup(directory: Path, evidence: Literal["copied", "referenced"] | None, workspace: Path | None) -> None:
    """Back the workspace up into DIRECTORY, which must be new.

    The root key is never in it: keep a copy of the key file elsewhere. Nor is the log of destructions, which
    a restore needs as it is then. docs/operator/backup.md says what to keep where.
    """
    from safelight.server.config import load  # noqa: PLC0415 - the server's packages are an extra
    from safelight.server.operations.backup import make_backup  # noqa: PLC0415

    config = load(workspace)
    how = evidence or ("referenced" if config.evidence_url else "copied")
    with progress_bar("Backing up") as progress:
        manifest = make_backup(config, directory, how, progress)
    size = sum(file.size for file in manifest.files)
    click.echo(
        f"Backed up {len(manifest.files):,} files, {size:,} bytes, and read them again: {directory}\n"
        f"To be read it needs root key {manifest.root_key}, which is not in it."
    )
    if manifest.evidence == "referenced":
        click.echo(f"Sealed evidence was not copied. It stays at {manifest.evidence_at}.")
