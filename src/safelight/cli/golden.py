"""``safelight golden``: benign pictures with known answers, which leads may mix in among opinions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.table import Table

from safelight.cli.opening import open_workspace
from safelight.cli.server_extra import needs_server
from safelight.cli.text import console
from safelight.cli.workspace_options import workspace_options
from safelight.errors import UsageError
from safelight.scan.scanner import Scanner
from safelight.workspace import Workspace


@click.group()
def golden() -> None:
    """Load, show and retire golden items: your own benign pictures with the expected answers."""


@golden.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@workspace_options
@needs_server
def load(file: Path, workspace: Path | None, key_file: Path | None) -> None:
    """Load the pictures that FILE (TOML) names, all or none.

    Each has to match a list of class test, and no other list. They are given to nobody before a lead sets how
    many of a hundred opinions they are to be.
    """
    with _opened(workspace, key_file) as opened:
        from django.db import transaction  # noqa: PLC0415 - Django is set up by now

        from safelight.server.assessment import golden as service  # noqa: PLC0415
        from safelight.server.assessment.golden_file import read_golden  # noqa: PLC0415
        from safelight.server.people.actors import SystemActor  # noqa: PLC0415

        with Scanner(workspace=opened) as scanner:
            pictures = read_golden(file, scanner.scan)
        with transaction.atomic():
            for one in pictures:
                service.load(SystemActor("terminal"), one)
    click.echo(f"Loaded {len(pictures)}. A lead says under Agreement how many opinions they are to be.")


@golden.command()
@workspace_options
@needs_server
def show(workspace: Path | None, key_file: Path | None) -> None:
    """Show which golden items there are; nothing of who answered what."""
    with _opened(workspace, key_file):
        from safelight.server.assessment.models import GoldenItem  # noqa: PLC0415

        table = Table("name", "picture", "expected", "in use", box=None, pad_edge=False)
        for one in GoldenItem.objects.order_by("name"):
            expected = ", ".join(f"{axis} {value}" for axis, value in one.expected.items())
            table.add_row(one.name, one.mime, expected, "no" if one.retired_at else "yes")
    console().print(table)


@golden.command()
@click.argument("name")
@workspace_options
@needs_server
def retire(name: str, workspace: Path | None, key_file: Path | None) -> None:
    """Give the golden item NAME to nobody any more."""
    with _opened(workspace, key_file):
        from safelight.server.assessment import golden as service  # noqa: PLC0415
        from safelight.server.people.actors import SystemActor  # noqa: PLC0415

        service.retire(SystemActor("terminal"), name)
    click.echo(f"{name} is given to nobody any more.")


@contextmanager
def _opened(workspace: Path | None, key_file: Path | None) -> Iterator[Workspace]:
    """The workspace of a server, with Django set up. Raises :class:`~safelight.errors.UsageError`."""
    with open_workspace(workspace, key_file) as opened:
        if opened.local is not None:
            raise UsageError("Golden items are for a server: start `safelight serve` first.")
        _ = opened.store  # sets Django up
        yield opened
