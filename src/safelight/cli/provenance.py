"""``safelight provenance``: what a file carries about its origin, and whose signatures are trusted."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from safelight.cli.exit_codes import ExitCode
from safelight.cli.limits import limit_options
from safelight.cli.text import console, visible
from safelight.cli.workspace_options import workspace_option
from safelight.errors import UsageError
from safelight.media import open_media
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.limits import Limits
from safelight.provenance import NOTHING_FOUND, Anchors, anchors_of, listed, shipped, update
from safelight.provenance.anchors import SHIPPED
from safelight.scan.origin import evidence_of
from safelight.scan.walk import Refused, Walk
from safelight.types import Grade, Problem, Provenance
from safelight.workspace import default_directory
from safelight.workspace.description import read_description

_STYLES = {
    Grade.VERIFIED: "green",
    Grade.SIGNED: "cyan",
    Grade.DECODED: "blue",
    Grade.CLAIMED: "yellow",
    Grade.DAMAGED: "red",
}


class _FilesOrTrust(click.Group):
    """``provenance FILE…`` shows files; ``provenance trust …`` is the one other thing it does."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] in self.commands:
            return super().resolve_command(ctx, args)
        return "show", self.commands["show"], args


@click.group(
    cls=_FilesOrTrust,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    subcommand_metavar="FILE... | show FILE... | trust COMMAND",
)
def provenance() -> None:
    """Show the evidence of where files came from: graded, never a verdict.

    `safelight provenance FILE...` is short for `safelight provenance show FILE...`.
    """


@provenance.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=str))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a file, one a line.")
@click.option(
    "--prompts",
    is_flag=True,
    help="Show prompt texts too. A prompt can itself be abuse; look only where an assessment needs it.",
)
@workspace_option
@limit_options
def show(
    *,
    paths: tuple[str, ...],
    as_json: bool,
    prompts: bool,
    workspace: Path | None,
    limits: Limits,
    accept_partial_sandbox: bool,
) -> None:
    """Print what files, and everything in directories, carry about their origin.

    Signed manifests, embedded fields, open watermarks and the traces of cameras, the strongest first. Nothing
    is fetched from anywhere. Exits with 4 when some file could not be looked at.
    """
    anchors, refused = _anchors(workspace), False
    with Sandbox(limits=limits, accept_partial=accept_partial_sandbox) as sandbox:
        for name, found in _each(paths, sandbox, anchors, prompts=prompts):
            refused = refused or isinstance(found, Problem)
            if as_json:
                click.echo(json.dumps(_document(name, found)))
            else:
                _print(console(), name, found)
    sys.exit(ExitCode.UNSCANNED if refused else ExitCode.OK)


def _each(
    paths: tuple[str, ...], sandbox: Sandbox, anchors: Anchors, *, prompts: bool
) -> Iterator[tuple[str, tuple[Provenance, ...] | Problem]]:
    for met in Walk(paths):
        if isinstance(met, Refused):
            yield met.path, met.problem
            continue
        with open_media(met.path, max_bytes=sandbox.limits.max_file_bytes) as opened:
            if isinstance(opened, Problem):
                yield met.path, opened
            else:
                yield met.path, evidence_of(opened.fd, opened.mime, sandbox, anchors, prompts=prompts)


def _document(name: str, found: tuple[Provenance, ...] | Problem) -> dict[str, Any]:
    if isinstance(found, Problem):
        return {"name": visible(name), "problem": {"reason": found.reason.value, "detail": found.detail}}
    items = [
        {"kind": p.kind, "grade": p.grade.value, "summary": p.summary, "detail": p.detail} for p in found
    ]
    return {"name": visible(name), "provenance": items, "statement": None if found else NOTHING_FOUND}


def _print(out: Console, name: str, found: tuple[Provenance, ...] | Problem) -> None:
    out.print(Text(visible(name), "bold"))
    if isinstance(found, Problem):
        out.print(Text(f"  not looked at: {found.reason} {visible(found.detail)}".rstrip(), "red"))
        return
    if not found:
        out.print(f"  {NOTHING_FOUND}")
    for item in found:
        out.print(Text.assemble(("  ", ""), (f"{item.grade:<9}", _STYLES[item.grade]), visible(item.summary)))
        for key, value in item.detail.items():
            out.print(Text(f"            {key}: {visible(value)}", "dim"))


@provenance.group()
def trust() -> None:
    """Show and change whose signatures count as verified."""


@trust.command("show")
@workspace_option
def show_trust(*, workspace: Path | None) -> None:
    """List the certificates that are trusted to sign."""
    anchors = _anchors(workspace)
    own = anchors.official != shipped().official
    click.echo("The workspace's own trust list" if own else f"The shipped list: {SHIPPED}")
    out = console()
    for title, pem in (("C2PA trust list", anchors.official), ("Interim list", anchors.interim)):
        if pem:
            table = Table("Certificate", "Until", title=title)
            for anchor in listed(pem):
                until = f"{anchor.expires:%Y-%m-%d}{' (over)' if anchor.expired else ''}"
                table.add_row(visible(anchor.name), until)
            out.print(table)


@trust.command("update")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--interim", is_flag=True, help="An interim list: its signers never count as verified.")
@workspace_option
def update_trust(*, file: Path, interim: bool, workspace: Path | None) -> None:
    """Use the certificates in FILE (PEM) from now on, in place of the list of the same kind.

    C2PA publishes its trust list in the repository c2pa-org/conformance-public. Check where the file is from
    before you use it: whoever it names is believed.
    """
    directory = workspace or default_directory()
    read_description(directory)
    try:
        pem = file.read_text("utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{file} is not a text file in PEM form. Nothing was changed.") from None
    found = update(directory, pem, interim=interim)
    click.echo(f"{len(found)} certificates are trusted now{' as the interim list' if interim else ''}:")
    for anchor in found:
        click.echo(f"  {visible(anchor.name)}{' (its time is over)' if anchor.expired else ''}")


def _anchors(workspace: Path | None) -> Anchors:
    """Those of the workspace that was named, or of the usual one where there is one."""
    directory = workspace or default_directory()
    if workspace is not None:
        read_description(directory)
    return anchors_of(directory if directory.is_dir() else None)
