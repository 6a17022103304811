"""``safelight lists import``: a file in, a report out; bad lines are named by number only."""

from __future__ import annotations

import json
from pathlib import Path

import click

from safelight.cli.exit_codes import ExitCode
from safelight.cli.opening import for_the_server, open_or_make
from safelight.cli.row_progress import progress_bar
from safelight.cli.workspace_options import workspace_options
from safelight.errors import NoSuchList, UsageError
from safelight.lists import (
    DEFAULT_DISTANCE,
    MAX_DISTANCE,
    HashListInfo,
    ImportReport,
    Layout,
    ListFormat,
    check_file,
    import_file,
    refuse_unreadable,
)
from safelight.lists.formats import ENCODINGS, LISTABLE
from safelight.types import ListClass
from safelight.workspace import Workspace

SCHEMA = "safelight.import/1"
_SHOWN = 20


def _mapping(
    _ctx: click.Context, _param: click.Parameter, told: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    pairs = []
    for text in told:
        field, equals, column = text.partition("=")
        if not (field and equals and column):
            raise click.BadParameter("write it as pdq=NAME, key=NAME or classification=NAME")
        pairs.append((field, column))
    return tuple(pairs)


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--name", required=True, help="The list that the entries go into; made if it is not there.")
@click.option(
    "--class",
    "list_class",
    type=click.Choice([item.value for item in ListClass]),
    required=True,
    help="What the list holds.",
)
@click.option(
    "--distance",
    type=click.IntRange(0, MAX_DISTANCE),
    help=f"Bits of 256 that PDQ hashes may differ in (new lists: {DEFAULT_DISTANCE}).",
)
@click.option("--shadow", is_flag=True, default=None, help="A new list takes no automatic action.")
@click.option(
    "--format", "layout", type=click.Choice([item.value for item in Layout]), help="How the file is laid out."
)
@click.option("--signal-type", type=click.Choice(LISTABLE), help="Of which type one hash a line is.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    callback=_mapping,
    metavar="FIELD=NAME",
    help="What a CSV column holds.",
)
@click.option("--delimiter", default=",", show_default=True, help="What separates CSV columns.")
@click.option("--encoding", type=click.Choice(ENCODINGS), default="utf-8", show_default=True)
@click.option("--strict", is_flag=True, help="List nothing at all if a line is bad.")
@click.option("--own", is_flag=True, help="A new list is your own: two people admit what goes into it.")
@click.option("--reason", default="", help="Why, for the server's ledger and for the people who admit it.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@workspace_options
def import_(  # noqa: PLR0917 - click passes them by name
    file: Path,
    name: str,
    list_class: str,
    distance: int | None,
    shadow: bool | None,
    layout: str | None,
    signal_type: str | None,
    columns: tuple[tuple[str, str], ...],
    delimiter: str,
    encoding: str,
    strict: bool,
    own: bool,
    reason: str,
    as_json: bool,
    workspace: Path | None,
    key_file: Path | None,
) -> None:
    """Add the hashes in FILE to a list.

    The layout is found out where only one is possible: lines such as `pdq VALUE`, or a CSV header with
    columns called like signal types. Otherwise say what the file is with --signal-type, --format or --column.
    Bad lines are reported and left out. The first import makes the workspace and its root key.
    """
    told = ListFormat(Layout(layout) if layout else None, signal_type, columns, delimiter, encoding)
    info = HashListInfo(
        name, ListClass(list_class), DEFAULT_DISTANCE if distance is None else distance, bool(shadow)
    )
    refuse_unreadable(file, told)
    if strict and (checked := check_file(file, told)).bad_total:
        _print(ImportReport(read=0, bad=checked.bad, bad_total=checked.bad_total), info, as_json)
        click.echo("Nothing was listed, because --strict was given.", err=True)
        raise click.exceptions.Exit(ExitCode.FAILED)
    with open_or_make(workspace, key_file) as opened, progress_bar("Importing") as progress:
        _refuse_other_settings(opened, info, distance, shadow)
        notes = for_the_server(opened, own, reason)
        report = import_file(opened.store, info, file, told, progress)
    _print(report, info, as_json)
    for note in notes():
        click.echo(note, err=True)


def _refuse_other_settings(
    workspace: Workspace, info: HashListInfo, distance: int | None, shadow: bool | None
) -> None:
    try:
        present = workspace.store.get(info.name)
    except NoSuchList:
        return
    if distance not in (None, present.distance) or shadow not in (None, present.shadow):
        raise UsageError(
            f"The list {info.name!r} is there with other settings, and importing does not change them. "
            "Change them with `safelight lists set`, or leave --distance and --shadow out."
        )


def _print(report: ImportReport, info: HashListInfo, as_json: bool) -> None:
    if as_json:
        content = {
            "schema": SCHEMA,
            "list": info.name,
            "class": info.list_class,
            "read": report.read,
            "added": report.added,
            "known": report.known,
            "updated": report.updated,
            "bad_total": report.bad_total,
            "bad": [{"line": bad.number, "reason": bad.reason} for bad in report.bad],
        }
        click.echo(json.dumps(content))
    else:
        click.echo(
            f"{info.name}: {report.added:,} added, {report.known:,} known already, "
            f"{report.updated:,} updated."
        )
    if report.bad_total:
        click.echo(f"Problems: {report.bad_total:,}. What they concern was not listed:", err=True)
        for bad in report.bad[:_SHOWN]:
            click.echo(f"  line {bad.number}: {bad.reason}", err=True)
        if report.bad_total > _SHOWN:
            click.echo(f"  and {report.bad_total - _SHOWN:,} more", err=True)
