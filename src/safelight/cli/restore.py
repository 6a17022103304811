"""``safelight restore``: brings a backup back to an empty place, never onto a workspace."""

from __future__ import annotations

from pathlib import Path

import click

from safelight.cli.row_progress import progress_bar
from safelight.cli.server_extra import needs_server
from safelight.cli.workspace_options import workspace_option


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False, exists=True))
@workspace_option
@needs_server
def restore(directory: Path, workspace: Path | None) -> None:
    """Restore the backup in DIRECTORY to the workspace, which must be absent or empty.

    What was destroyed since the backup was made is destroyed again. Indexes are rebuilt at the first start.
    """
    from safelight.server.config import load  # noqa: PLC0415 - the server's packages are an extra
    from safelight.server.operations.restore import restore_backup  # noqa: PLC0415

    config = load(workspace)
    with progress_bar("Restoring") as progress:
        restored = restore_backup(config, directory, progress)
    manifest = restored.manifest
    click.echo(
        f"Restored the workspace {manifest.workspace} of {manifest.made_at:%Y-%m-%d %H:%M} UTC to "
        f"{config.workspace}.\nObjects destroyed again: {restored.destroyed_again:,}. "
        f"It needs root key {manifest.root_key}."
    )
    if manifest.evidence == "referenced":
        click.echo(f"Sealed evidence was not in the backup. It is expected at {manifest.evidence_at}.")
