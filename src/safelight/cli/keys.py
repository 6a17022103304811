"""``safelight keys``: look after the workspace's root key. Never shows key material."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import click
from rich.console import Console
from rich.table import Table

from safelight.cli.opening import open_workspace
from safelight.cli.row_progress import progress_bar
from safelight.cli.workspace_options import workspace_options
from safelight.errors import UsageError
from safelight.workspace import retire, rotate, unfinished

SERVED: Final = "serve.lock"
"""The file that `safelight serve` leaves in a workspace."""


@click.group()
def keys() -> None:
    """Show, check, rotate and retire the root keys of a workspace."""


@keys.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@workspace_options
def show(as_json: bool, workspace: Path | None, key_file: Path | None) -> None:
    """Show where the key file is and which keys it holds: ids and dates, never the keys."""
    with open_workspace(workspace, key_file) as opened:
        location, ring, use = opened.key_file.location, opened.keyring, opened.store.key_use()
    in_use = {use.current, *use.former}
    rows = [
        (key.id, key.created.isoformat(timespec="seconds"), "seals" if key.id == use.current else "opens")
        if key.id in in_use
        else (key.id, key.created.isoformat(timespec="seconds"), "unused")
        for key in ring.keys
    ]
    if as_json:
        held = [{"id": id_, "created": created, "use": use_} for id_, created, use_ in rows]
        click.echo(json.dumps({"workspace": opened.id, "key_file": str(location.path), "keys": held}))
        return
    click.echo(f"Workspace {opened.id}\nKey file  {location.path} ({location.chosen_by})")
    table = Table("Key id", "Made", "Use")
    for row in rows:
        table.add_row(*row)
    Console().print(table)


@keys.command()
@workspace_options
def check(workspace: Path | None, key_file: Path | None) -> None:
    """Check that the key file is safe where it lies and is the right one for the workspace."""
    with open_workspace(workspace, key_file) as opened:
        opened.store.derive_key(())  # opens a sealed value with the keys that the database names
        click.echo(f"The root key at {opened.key_file.path} is safe where it lies and opens this workspace.")
        if unfinished(opened):
            click.echo("A key rotation was interrupted. Run `safelight keys rotate` to finish it.", err=True)


@keys.command("rotate")
@workspace_options
def rotate_(workspace: Path | None, key_file: Path | None) -> None:
    """Make a new root key and seal everything anew, or finish a rotation that was interrupted.

    Scans and imports can go on meanwhile. Indexes are rebuilt afterwards.
    """
    with open_workspace(workspace, key_file) as opened, progress_bar("Sealing anew") as progress:
        total = sum(info.entries for info in opened.store.lists())
        done = 0

        def advance(rows: int) -> None:
            nonlocal done
            done += rows
            progress(done, total)

        rotation = rotate(opened, advance)
    click.echo(
        ("Finished the interrupted rotation" if rotation.resumed else "Rotated")
        + f": everything is sealed with root key {rotation.current} now.\n"
        f"Keep a copy of {opened.key_file.path}, apart from backups of the workspace."
    )
    if rotation.replaced:
        click.echo(
            "The former key stays in the file, because backups made before now need it. When those are gone, "
            "run `safelight keys retire`."
        )


@keys.command("retire")
@click.option("--yes", is_flag=True, help="Do not ask.")
@workspace_options
def retire_(yes: bool, workspace: Path | None, key_file: Path | None) -> None:
    """Remove from the key file the keys that the workspace no longer needs."""
    with open_workspace(workspace, key_file) as opened:
        if (opened.directory / SERVED).exists():
            raise UsageError(
                "A server keeps records and evidence in this workspace, which its older root keys open. They "
                "cannot be retired. Nothing was removed."
            )
        if not yes:
            click.confirm(
                "Backups of the workspace made before the last rotation cannot be read afterwards. Go on?",
                abort=True,
            )
        gone = retire(opened)
    click.echo(
        f"Removed {', '.join(gone)}." if gone else "Every key in the file is needed; nothing was removed."
    )
