"""``safelight lists compact|stats``: the indexes that are derived from the lists."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from safelight.cli.opening import open_workspace
from safelight.cli.row_progress import progress_bar
from safelight.cli.workspace_options import workspace_options
from safelight.matching import upkeep


@click.command()
@workspace_options
def compact(workspace: Path | None, key_file: Path | None) -> None:
    """Bring the indexes up to date and fold what was added since into new snapshots.

    This happens by itself in the background. Searches go on meanwhile.
    """
    with open_workspace(workspace, key_file) as opened, progress_bar("Compacting") as progress:
        upkeep.compact(
            opened.store, opened.index_directory, opened.index_key, progress=_in_thousandths(progress)
        )
        of_types = upkeep.stats(opened.index_directory, opened.index_key)
    for stats in of_types:
        click.echo(f"{stats.signal_type}: {stats.rows:,} rows, {stats.snapshot_bytes:,} bytes.")


def _in_thousandths(progress: Callable[[int, int], None]) -> Callable[[str, float | None], None]:
    return lambda _doing, done: progress(int(1000 * (done or 0.0)), 1000)


@click.command()
@workspace_options
def stats(workspace: Path | None, key_file: Path | None) -> None:
    """Show the size and the state of the indexes."""
    with open_workspace(workspace, key_file) as opened:
        of_types = upkeep.stats(opened.index_directory, opened.index_key)
        now = opened.store.stamp()
    if not of_types:
        click.echo("There is no index yet. The first scan builds it, or `safelight lists compact`.")
        return
    table = Table("Signal", "Rows", "Distinct", "Snapshot", "Bytes a hash", "Changes since", "State")
    for of_type in of_types:
        behind = now.sequence - of_type.stamp.sequence
        current = of_type.stamp.epoch == now.epoch and behind >= 0
        table.add_row(
            of_type.signal_type,
            f"{of_type.rows:,}",
            f"{of_type.distinct:,}",
            f"{of_type.snapshot_bytes:,}",
            f"{of_type.bytes_per_value:.1f}",
            f"{of_type.logged_changes:,}",
            ("up to date" if not behind else f"{behind:,} changes behind") if current else "to be rebuilt",
        )
    Console().print(table)
