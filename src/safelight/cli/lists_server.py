"""``safelight lists`` where a server keeps them: what waits for people, what was held, what is past."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from safelight.cli.opening import open_workspace
from safelight.cli.workspace_options import workspace_options
from safelight.errors import UsageError

if TYPE_CHECKING:
    from safelight.server.lists.terminal import TerminalListStore

_reason = click.option("--reason", required=True, help="Why, for the ledger.")


@contextmanager
def server_lists(workspace: Path | None, key_file: Path | None) -> Iterator[TerminalListStore]:
    """The server's store. Raises :class:`~safelight.errors.UsageError` while the lists are local."""
    with open_workspace(workspace, key_file) as opened:
        if opened.local is not None:
            raise UsageError("This is for lists that a server keeps: start `safelight serve` first.")
        store = opened.store  # sets Django up, which the import needs
        from safelight.server.lists.terminal import TerminalListStore  # noqa: PLC0415

        assert isinstance(store, TerminalListStore)
        yield store


@click.command()
@click.argument("name", required=False)
@workspace_options
def waiting(name: str | None, workspace: Path | None, key_file: Path | None) -> None:
    """Show entries that wait for two people, and those that were set apart, with the reasons."""
    with server_lists(workspace, key_file):
        from safelight.server.lists import services  # noqa: PLC0415
        from safelight.server.lists.terminal import TERMINAL  # noqa: PLC0415

        batches = services.waiting_batches(TERMINAL, name)
    if not batches:
        click.echo("Nothing waits.")
        return
    # An id that is folded cannot be given to another command.
    table = Table(Column("Batch", no_wrap=True), "List", "Since", "Entries", "Waits because")
    for batch in batches:
        why = ", ".join(f"{reason.replace('_', ' ')} ({n:,})" for reason, n in sorted(batch.why.items()))
        told = Text(why or batch.reason or "two people")
        since = f"{batch.made_at:%Y-%m-%d %H:%M}"
        table.add_row(str(batch.id), Text(batch.list_name), since, f"{batch.entries:,}", told)
    Console().print(table, soft_wrap=True)


@click.command()
@click.argument("batch", type=click.UUID)
@_reason
@workspace_options
def discard(batch: UUID, reason: str, workspace: Path | None, key_file: Path | None) -> None:
    """Delete what waits in BATCH (see `safelight lists waiting`); nothing of it is listed."""
    with server_lists(workspace, key_file):
        from safelight.server.lists import services  # noqa: PLC0415
        from safelight.server.lists.terminal import TERMINAL  # noqa: PLC0415

        gone = services.discard_batch(TERMINAL, batch, reason=reason)
    click.echo(f"Discarded {gone:,} entries.")


@click.command()
@click.argument("name")
@click.option("--key", help="One entry whose hits are held, by its source's key; the list otherwise.")
@_reason
@workspace_options
def restore(name: str, key: str | None, reason: str, workspace: Path | None, key_file: Path | None) -> None:
    """Let a list, or one entry, that fell to hold act again."""
    with server_lists(workspace, key_file):
        from safelight.server.lists import services  # noqa: PLC0415
        from safelight.server.lists.terminal import TERMINAL  # noqa: PLC0415

        if key is None:
            services.restore_list(TERMINAL, name, reason=reason)
        elif not services.restore_entry(TERMINAL, name, key, reason=reason):
            raise UsageError(f"No entry of {name} has the key {key!r}.")
    click.echo(f"{name} acts again; it is judged on what comes from now on.")


@click.command()
@click.argument("name")
@click.option("--key", help="One entry, by its source's key.")
@click.option("--release", is_flag=True, help="Bring what waits beyond the caps into cases.")
@click.option("--discard", "drop", is_flag=True, help="Make no cases of what waits.")
@click.option("--reason", default="", help="Why, for the ledger; --release and --discard need it.")
@workspace_options
def recheck(  # noqa: PLR0917 - click passes them by name
    name: str,
    key: str | None,
    release: bool,
    drop: bool,
    reason: str,
    workspace: Path | None,
    key_file: Path | None,
) -> None:
    """Show what an entry finds in the past, or decide about finds that wait beyond the caps."""
    if release and drop:
        raise click.UsageError("Give one of --release and --discard.")
    if key is None and not (release or drop):
        raise click.UsageError("Name the entry to look for with --key, or say --release or --discard.")
    with server_lists(workspace, key_file):
        from safelight.server.lists import services  # noqa: PLC0415
        from safelight.server.lists.terminal import TERMINAL  # noqa: PLC0415

        if release:
            count = services.recheck_start(TERMINAL, name, key=key, reason=reason)
            click.echo(f"Released {count:,} finds; the job worker brings them into cases.")
        elif drop:
            click.echo(
                f"Discarded {services.discard_recheck(TERMINAL, name, key=key, reason=reason):,} finds."
            )
        else:
            assert key is not None
            found = services.recheck_preview(TERMINAL, name, key)
            more = " at least" if found.capped else ""
            click.echo(
                f"{key} of {name} matches{more} {found.items:,} files, seen {found.occurrences:,} times "
                f"({found.outcome}). {found.opens:,} occurrences come into cases, {found.waits:,} wait."
            )
            for one in found.surfaces:
                click.echo(f"  {one.surface or '(no surface)'}: {one.occurrences:,}")
