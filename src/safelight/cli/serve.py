"""``safelight serve``: the whole server on this machine, from nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from safelight.cli.server_extra import needs_server
from safelight.cli.workspace_options import workspace_options


@click.command()
@click.option("--port", type=click.IntRange(1, 65_535), help="The port, if not that of the settings (8400).")
@workspace_options
@needs_server
def serve(port: int | None, workspace: Path | None, key_file: Path | None) -> None:
    """Start the server, and stop it in order at Ctrl-C or SIGTERM.

    The first start makes the workspace and its root key. It listens on this machine only; the address is
    printed. docs/operator/serving.md says how to put it behind TLS, and settings.md what can be set.
    """
    from safelight.server.config import load  # noqa: PLC0415 - the server's packages are an extra
    from safelight.server.processes.serving import serve as start  # noqa: PLC0415

    start(load(workspace, port=port), key_file, _say)


def _say(text: str) -> None:
    click.echo(text)
    sys.stdout.flush()
