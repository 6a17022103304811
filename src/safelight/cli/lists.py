"""``safelight lists``: bring hash lists in, look at them, change them. Never shows a listed value."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from safelight.cli.lists_add_model import add_model
from safelight.cli.lists_import import import_
from safelight.cli.lists_index import compact, stats
from safelight.cli.lists_server import discard, recheck, restore, server_lists, waiting
from safelight.cli.lists_verify import verify
from safelight.cli.opening import open_workspace
from safelight.cli.workspace_options import workspace_options
from safelight.lists import MAX_DISTANCE, HashListInfo


@click.group()
def lists() -> None:
    """Import, show, change, remove and verify hash lists, and keep their indexes."""


lists.add_command(import_)
lists.add_command(add_model)
lists.add_command(verify)
lists.add_command(compact)
lists.add_command(stats)
lists.add_command(waiting)
lists.add_command(discard)
lists.add_command(restore)
lists.add_command(recheck)


@lists.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a list, one a line.")
@workspace_options
def show(name: str | None, as_json: bool, workspace: Path | None, key_file: Path | None) -> None:
    """Show the lists of the workspace, or one of them: settings and numbers, never values."""
    with open_workspace(workspace, key_file) as opened:
        found = opened.store.lists() if name is None else (opened.store.get(name),)
        tallies = [opened.store.tally(info.name) for info in found]
    if as_json:
        for info, tally in zip(found, tallies, strict=True):
            click.echo(json.dumps(_as_json(info, tally)))
        return
    if not found:
        click.echo("There are no lists yet. `safelight lists import` brings one in.")
        return
    table = Table("Name", "Class", "Distance", "Shadow", "Enabled", "Entries")
    for info, tally in zip(found, tallies, strict=True):
        entries = ", ".join(f"{type_} {count:,}" for type_, count in tally.items()) or "0"
        table.add_row(
            Text(info.name),
            info.list_class,
            str(info.distance),
            _yes(info.shadow),
            _yes(info.enabled),
            entries,
        )
    Console().print(table)


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _as_json(info: HashListInfo, tally: dict[str, int]) -> dict[str, object]:
    return {
        "name": info.name,
        "class": info.list_class,
        "distance": info.distance,
        "shadow": info.shadow,
        "enabled": info.enabled,
        "source": info.source,
        "query_percent": info.query_percent,
        "listed_percent": info.listed_percent,
        "entries": tally,
    }


@lists.command("set")
@click.argument("name")
@click.option(
    "--distance", type=click.IntRange(0, MAX_DISTANCE), help="Bits of 256 that PDQ hashes may differ in."
)
@click.option("--shadow/--no-shadow", default=None, help="Suppress automatic action, never review.")
@click.option("--enable/--disable", "enabled", default=None, help="Search the list, or keep it unsearched.")
@click.option(
    "--query-percent",
    type=click.IntRange(1, 100),
    help="Percent of a scanned video's frames that, if listed of one video, are a match.",
)
@click.option(
    "--listed-percent",
    type=click.IntRange(1, 100),
    help="Percent of a listed video's frames that, if found in the scanned one, are a match.",
)
@workspace_options
def set_(  # noqa: PLR0917 - click passes them by name
    name: str,
    distance: int | None,
    shadow: bool | None,
    enabled: bool | None,
    query_percent: int | None,
    listed_percent: int | None,
    workspace: Path | None,
    key_file: Path | None,
) -> None:
    """Change a list's settings; the next search uses them."""
    if {distance, shadow, enabled, query_percent, listed_percent} == {None}:
        raise click.UsageError(
            "Say what to change: --distance, --shadow, --no-shadow, --enable, --disable, --query-percent or "
            "--listed-percent."
        )
    with open_workspace(workspace, key_file) as opened:
        info = opened.store.change(
            name,
            distance=distance,
            shadow=shadow,
            enabled=enabled,
            query_percent=query_percent,
            listed_percent=listed_percent,
        )
    click.echo(
        f"{info.name}: distance {info.distance}, videos from {info.query_percent} % of theirs or "
        f"{info.listed_percent} % of the listed, shadow {_yes(info.shadow)}, enabled {_yes(info.enabled)}."
    )


@lists.command()
@click.argument("name")
@click.option("--every", type=click.IntRange(0), help="Hours within which its source comes; 0: no matter.")
@click.option("--sharing-terms", help="What its source permits, in words.")
@click.option(
    "--category",
    "categories",
    multiple=True,
    metavar="CLASSIFICATION=CLASS",
    help="Which class a classification of the source stands for; all of them at once.",
)
@click.option("--most-hits", type=click.FloatRange(0, 100), help="Percent of scans that it may hit.")
@click.option("--most-dismissed", type=click.FloatRange(0, 100), help="Percent of its hits dismissed.")
@click.option("--reason", required=True, help="Why, for the ledger.")
@workspace_options
def expect(  # noqa: PLR0917 - click passes them by name
    name: str,
    every: int | None,
    sharing_terms: str | None,
    categories: tuple[str, ...],
    most_hits: float | None,
    most_dismissed: float | None,
    reason: str,
    workspace: Path | None,
    key_file: Path | None,
) -> None:
    """Say what a server is to expect of a list and its source, and what the source's classifications mean."""
    pairs = [text.rpartition("=")[::2] for text in categories]
    if not all(told and class_ for told, class_ in pairs):
        raise click.UsageError("Write --category as CLASSIFICATION=CLASS, such as 'CGI=ai_csam'.")
    with server_lists(workspace, key_file):
        from safelight.server.lists import services  # noqa: PLC0415
        from safelight.server.lists.terminal import TERMINAL  # noqa: PLC0415

        services.change_list(
            TERMINAL,
            name,
            reason=reason,
            expected_hours=every,
            sharing_terms=sharing_terms,
            categories=dict(pairs) if pairs else None,
            most_hits_percent=most_hits,
            most_dismissed_percent=most_dismissed,
        )
    click.echo(f"Changed what is expected of {name}.")


@lists.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@workspace_options
def remove(name: str, yes: bool, workspace: Path | None, key_file: Path | None) -> None:
    """Withdraw every entry of a list and forget the list."""
    with open_workspace(workspace, key_file) as opened:
        info = opened.store.get(name)
        if not yes:
            click.confirm(
                f"Remove {info.name} ({info.list_class}) and its {info.entries:,} entries?", abort=True
            )
        gone = opened.store.remove(name)
    click.echo(f"Removed {name} and its {gone:,} entries.")


@lists.command()
@click.argument("name")
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
@workspace_options
def withdraw(name: str, keys: tuple[str, ...], workspace: Path | None, key_file: Path | None) -> None:
    """Withdraw entries by the keys that their source gave them.

    Ends with exit code 1 when a key stands for no entry; the others are withdrawn all the same.
    """
    with open_workspace(workspace, key_file) as opened:
        gone = {key: opened.store.withdraw(name, [key]) for key in dict.fromkeys(keys)}
    click.echo(f"Withdrew {sum(gone.values()):,} entries of {name}.")
    missing = [key for key, count in gone.items() if not count]
    for key in missing:
        click.echo(f"No entry of {name} has the key {key!r}.", err=True)
    if missing:
        raise click.exceptions.Exit(1)
