"""``safelight api-keys``: the keys by which a platform sends, and the surfaces they are bound to."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from safelight.cli.server_extra import needs_server
from safelight.cli.workspace_options import workspace_options
from safelight.errors import UsageError
from safelight.keys import Purpose

if TYPE_CHECKING:
    from safelight.server.intake.models import ApiKey

_AUDIENCES = ("uploader", "server")
_SCOPES = ("scan", "report", "look_up")


@click.group("api-keys")
def api_keys() -> None:
    """Make, show, rotate, suspend, resume and revoke the keys of your platform. Each act is in the ledger."""


def _open(workspace: Path | None, key_file: Path | None) -> None:
    from safelight.server import by_hand  # noqa: PLC0415 - Django is loaded for this command only

    by_hand.set_up(workspace, key_file, {Purpose.LEDGER_PSEUDONYM})


@api_keys.command()
@click.argument("name")
@click.option(
    "--private/--public", required=True, help="Whether what is said there is private communication."
)
@click.option("--description", default="", help="For those who read it later.")
@workspace_options
@needs_server
def surface(
    name: str, private: bool, description: str, workspace: Path | None, key_file: Path | None
) -> None:
    """Declare the surface NAME, a place on your platform. It stays public or private for good."""
    _open(workspace, key_file)
    from safelight.server.intake.models import Surface  # noqa: PLC0415
    from safelight.server.intake.surfaces import declare_surface  # noqa: PLC0415
    from safelight.server.people.actors import SystemActor  # noqa: PLC0415

    visibility = Surface.Visibility.PRIVATE if private else Surface.Visibility.PUBLIC
    declare_surface(SystemActor("terminal"), name, visibility, description)
    click.echo(f"Declared the {visibility.value} surface {name}.")


@api_keys.command()
@click.argument("name")
@click.option("--surface", required=True, help="The declared surface that it sends for.")
@click.option("--audience", type=click.Choice(_AUDIENCES), default="uploader", show_default=True,
              help="Who sees the answers: an uploader learns nothing, your server the verdict.")  # fmt: skip
@click.option("--scope", "scopes", type=click.Choice(_SCOPES), multiple=True, default=("scan",),
              show_default=True, help="What it may send; more than once for more.")  # fmt: skip
@click.option("--days", type=click.IntRange(1), help="It expires after so many days.")
@click.option("--rate", type=click.IntRange(0), help="Requests a minute; 0 sets no limit.")
@click.option("--budget", type=click.IntRange(0), help="Files and look-ups a day; 0 sets no limit.")
@workspace_options
@needs_server
def make(  # noqa: PLR0917 - click passes them by name
    name: str,
    surface: str,
    audience: str,
    scopes: tuple[str, ...],
    days: int | None,
    rate: int | None,
    budget: int | None,
    workspace: Path | None,
    key_file: Path | None,
) -> None:
    """Make a key called NAME. It is printed this once and kept nowhere."""
    _open(workspace, key_file)
    from safelight.server.ids import now  # noqa: PLC0415
    from safelight.server.intake.api_keys import Scope, make_key  # noqa: PLC0415
    from safelight.server.intake.models import ApiKey  # noqa: PLC0415
    from safelight.server.people.actors import SystemActor  # noqa: PLC0415

    made = make_key(
        SystemActor("terminal"),
        name,
        surface,
        audience=ApiKey.Audience(audience),
        scopes=[Scope(scope) for scope in scopes],
        expires_at=now() + timedelta(days=days) if days else None,
        rate_per_minute=rate,
        daily_budget=budget,
    )
    click.echo(f"Made the key {made.key.prefix} for {audience}s on {surface}. Note it now, it is not kept:")
    click.echo(made.token)


@api_keys.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@workspace_options
@needs_server
def list_(as_json: bool, workspace: Path | None, key_file: Path | None) -> None:
    """Show every key that was made, and whether it works. Never the keys themselves."""
    _open(workspace, key_file)
    from safelight.server.intake.models import ApiKey  # noqa: PLC0415

    keys = ApiKey.objects.select_related("surface").order_by("created_at")
    rows = [
        (key.prefix, key.name, key.surface.name, str(key.audience), " ".join(key.scopes), _state(key))
        for key in keys
    ]
    names = ("key", "name", "surface", "audience", "scopes", "state")
    if as_json:
        click.echo(json.dumps([dict(zip(names, row, strict=True)) for row in rows]))
        return
    table = Table(*(name.capitalize() for name in names))
    for row in rows:
        table.add_row(*row)
    Console().print(table)


@api_keys.command()
@click.argument("key")
@click.option("--hours", type=click.IntRange(0), default=24, show_default=True, help="How long both work.")
@workspace_options
@needs_server
def rotate(key: str, hours: int, workspace: Path | None, key_file: Path | None) -> None:
    """Make a key that may do what KEY may; KEY itself ends after some hours."""
    _open(workspace, key_file)
    from safelight.server.intake.api_keys import rotate_key  # noqa: PLC0415
    from safelight.server.people.actors import SystemActor  # noqa: PLC0415

    made = rotate_key(SystemActor("terminal"), _named(key), overlap=timedelta(hours=hours))
    click.echo(f"Made the key {made.key.prefix}. Note it now, it is not kept:\n{made.token}")


@api_keys.command()
@click.argument("key")
@click.option("--reason", required=True, help="Why; it is kept in the ledger.")
@workspace_options
@needs_server
def suspend(key: str, reason: str, workspace: Path | None, key_file: Path | None) -> None:
    """Stop KEY for the time being, in every process within a second."""
    _open(workspace, key_file)
    from safelight.server.intake.api_keys import suspend_key  # noqa: PLC0415
    from safelight.server.people.actors import SystemActor  # noqa: PLC0415

    suspend_key(SystemActor("terminal"), _named(key), reason)
    click.echo(f"Suspended {key}.")


@api_keys.command()
@click.argument("key")
@click.option("--reason", required=True, help="Why; it is kept in the ledger.")
@workspace_options
@needs_server
def resume(key: str, reason: str, workspace: Path | None, key_file: Path | None) -> None:
    """Let a suspended KEY work again."""
    _open(workspace, key_file)
    from safelight.server.intake.api_keys import resume_key  # noqa: PLC0415
    from safelight.server.people.actors import SystemActor  # noqa: PLC0415

    resume_key(SystemActor("terminal"), _named(key), reason)
    click.echo(f"{key} works again.")


@api_keys.command()
@click.argument("key")
@click.option("--reason", required=True, help="Why; it is kept in the ledger.")
@workspace_options
@needs_server
def revoke(key: str, reason: str, workspace: Path | None, key_file: Path | None) -> None:
    """Stop KEY for good, in every process within a second."""
    _open(workspace, key_file)
    from safelight.server.intake.api_keys import revoke_key  # noqa: PLC0415
    from safelight.server.people.actors import SystemActor  # noqa: PLC0415

    revoke_key(SystemActor("terminal"), _named(key), reason)
    click.echo(f"Revoked {key}.")


@api_keys.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@workspace_options
@needs_server
def openapi(file: Path, workspace: Path | None, key_file: Path | None) -> None:
    """Write the API's OpenAPI 3.1 document to FILE."""
    _open(workspace, key_file)
    from safelight.server.api.openapi import document  # noqa: PLC0415
    from safelight.server.api.urls import api  # noqa: PLC0415

    file.write_text(json.dumps(document(api), indent=2) + "\n", encoding="utf-8")
    click.echo(f"Wrote {file}.")


def _named(prefix: str) -> ApiKey:
    from safelight.server.intake.models import ApiKey  # noqa: PLC0415

    found = ApiKey.objects.select_related("surface").filter(prefix=prefix).first()
    if found is None:
        raise UsageError(f"There is no key {prefix}. `safelight api-keys list` shows those there are.")
    return found


def _state(key: ApiKey) -> str:
    from safelight.server.ids import now  # noqa: PLC0415

    if key.revoked_at:
        return "revoked"
    if key.suspended_at:
        return f"suspended: {key.suspended_reason}"
    if key.expires_at and key.expires_at <= now():
        return "expired"
    return "works" if key.expires_at is None else f"works until {key.expires_at:%Y-%m-%d %H:%M} UTC"
