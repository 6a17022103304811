"""``safelight hotline``: ask the hotline, go on after it refused us, and rehearse with a mock."""

from __future__ import annotations

import logging
import signal
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from safelight.cli.server_extra import needs_server
from safelight.cli.workspace_options import workspace_option, workspace_options
from safelight.errors import HotlineError, UsageError
from safelight.keys import Purpose

if TYPE_CHECKING:
    from safelight.hotlines.cybertipline.environments import Place


@click.group()
def hotline() -> None:
    """Ask the hotline that reports go to, and rehearse with one of your own."""


@hotline.group()
def cybertipline() -> None:
    """NCMEC's CyberTipline, as the settings name it: see `cybertipline` in server.toml."""


@cybertipline.command()
@workspace_option
@needs_server
def status(workspace: Path | None) -> None:
    """Ask whether it is there and knows your name and password. Sends nothing of a report."""
    from safelight.hotlines.cybertipline.client import Client  # noqa: PLC0415 - an extra

    place = _place(workspace)
    with Client(place) as client:
        answer = client.status()
    if answer.code != 0:
        raise HotlineError(f"The CyberTipline ({place.environment}) answered {answer.told()}.")
    click.echo(f"The CyberTipline ({place.environment}) answers and knows you: {answer.description}")


@cybertipline.command("fetch-schema")
@workspace_option
@needs_server
def fetch_schema(workspace: Path | None) -> None:
    """Fetch the present XML schema, by which reports are checked before they are sent.

    Only NCMEC gives it out, to whoever has credentials. It is kept in the workspace.
    """
    from safelight.hotlines.cybertipline.client import Client  # noqa: PLC0415 - an extra
    from safelight.hotlines.cybertipline.schema import SCHEMA_FILE, Schema  # noqa: PLC0415
    from safelight.server.config import load  # noqa: PLC0415

    with Client(_place(workspace)) as client:
        content = client.schema()
    read = Schema.parse(content)
    path = load(workspace).workspace / SCHEMA_FILE
    path.parent.mkdir(mode=0o700, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.write_bytes(content)
    draft.replace(path)
    click.echo(f"Fetched the schema, {len(content):,} bytes, SHA-256 {read.digest}.")


@hotline.command()
@click.argument("environment", type=click.Choice(["mock", "test", "production"]))
@workspace_options
@needs_server
def resume(environment: str, workspace: Path | None, key_file: Path | None) -> None:
    """Send again to ENVIRONMENT, which had refused your name and password.

    With another name or password in the settings the server goes on by itself.
    """
    from safelight.server import by_hand  # noqa: PLC0415 - Django is loaded for this command only

    by_hand.set_up(
        workspace, key_file, {Purpose.LEDGER_PSEUDONYM, Purpose.RECORD_LOOKUP, Purpose.RECORD_SEAL}
    )
    from safelight.hotlines.cybertipline.environments import Environment  # noqa: PLC0415
    from safelight.server.hotlines.standstill import resume as resume_sending  # noqa: PLC0415
    from safelight.server.people.actors import SystemActor  # noqa: PLC0415

    count = resume_sending(SystemActor("terminal"), Environment(environment))
    click.echo(f"{count:,} reports go on.")


@hotline.command()
@click.option(
    "--port", type=click.IntRange(1, 65_535), default=8410, show_default=True, help="Where it listens."
)
@click.option("--directory", type=click.Path(path_type=Path, file_okay=False), default=Path("mock-hotline"),
              show_default=True, help="What it remembers; delete it afterwards.")  # fmt: skip
@click.option("--faults", type=click.FloatRange(0, 1), default=0.0, show_default=True,
              help="The share of calls that go wrong: before it acted, or after.")  # fmt: skip
@click.option("--seed", type=int, help="The same number gives the same faults.")
@click.option("--hurry", type=click.FloatRange(1), default=1.0, show_default=True,
              help="Delete what is not finished so many times sooner than the real one.")  # fmt: skip
@click.option("--schema", type=click.Path(path_type=Path, dir_okay=False, exists=True),
              help="Check documents by this schema: the one that you fetched.")  # fmt: skip
@click.option("--username", default="mock", show_default=True, help="Whom it lets in.")
@click.option("--password", default="mock", show_default=True, help="By which password.")
@needs_server
def mock(  # noqa: PLR0917 - click passes them by name
    port: int,
    directory: Path,
    faults: float,
    seed: int | None,
    hurry: float,
    schema: Path | None,
    username: str,
    password: str,
) -> None:
    """Run a hotline to rehearse with, on this machine, until Ctrl-C.

    It answers the CyberTipline's calls and no other. Nobody reads what it is sent; of files it keeps name,
    size and MD5.
    """
    from safelight.hotlines.mock.calls import Hotline  # noqa: PLC0415 - an extra
    from safelight.hotlines.mock.documents import Checker  # noqa: PLC0415
    from safelight.hotlines.mock.faults import Faults  # noqa: PLC0415
    from safelight.hotlines.mock.serving import Conduct, MockServer  # noqa: PLC0415
    from safelight.hotlines.mock.state import State  # noqa: PLC0415

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    state = State(directory, hurry=hurry)
    conduct = Conduct(username, password, Faults(faults, seed=seed))
    try:
        server = MockServer(Hotline(state, Checker(schema)), conduct, port=port)
    except OSError as error:
        told = f"The mock cannot listen on port {port}: {error.strerror}. Choose another."
        raise UsageError(told) from error
    click.echo(f"A mock hotline listens on {server.base}. Nothing that it is sent is a report.")
    signal.signal(signal.SIGTERM, _interrupt)
    server.start()
    try:
        signal.pause()
    except KeyboardInterrupt:
        click.echo("Stopped.")
    finally:
        server.stop()
        state.close()


def _interrupt(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


def _place(workspace: Path | None) -> Place:
    """What the settings name. Asking and fetching is allowed in production before anybody switches it on."""
    from safelight.hotlines.cybertipline.environments import Environment, Place  # noqa: PLC0415
    from safelight.server.config import load  # noqa: PLC0415

    told = load(workspace).cybertipline
    if told is None:
        raise UsageError("No CyberTipline is set up. Set cybertipline in server.toml.")
    password = told.password.get_secret_value()
    return Place(Environment(told.environment), told.username, password, told.mock_url)
