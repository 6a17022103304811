"""``safelight people``: whoever holds the machine lets the first administrators in."""

from __future__ import annotations

from pathlib import Path

import click

from safelight.cli.server_extra import needs_server
from safelight.cli.workspace_options import workspace_options
from safelight.workspace import Workspace


@click.group()
def people() -> None:
    """Let the first administrators in. Everybody else is invited by them, in the browser."""


@people.command()
@click.option(
    "--port", type=click.IntRange(1, 65_535), help="The port served on, if not that of the settings."
)
@workspace_options
@needs_server
def invite(port: int | None, workspace: Path | None, key_file: Path | None) -> None:
    """Print a one-time link by which an administrator joins, while fewer than two people are one.

    It holds for a day, and replaces the one that was printed before. From two administrators on, two people
    decide who joins with which role, and this is refused. The ledger notes each link that was made.
    """
    from safelight.server.config import load  # noqa: PLC0415 - the server's packages are an extra
    from safelight.server.terminal import open_records  # noqa: PLC0415

    config = load(workspace, port=port)
    with Workspace.open(config.workspace, key_file=key_file) as opened:
        keyring = opened.keyring
    open_records(config, keyring)
    from django.db import Error  # noqa: PLC0415 - only once the records are open

    from safelight.server.people.invitations import terminal_invitation  # noqa: PLC0415

    try:
        link = terminal_invitation()
    except Error as error:
        raise click.ClickException(
            f"The server's records cannot be read: {str(error).strip()}. Check database_url; if the server "
            "never ran on this workspace, start `safelight serve` once."
        ) from error
    click.echo(f"Hand this link to the administrator. It works once, within a day:\n{link}")
