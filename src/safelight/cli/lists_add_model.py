"""``safelight lists add-model``: a model file's hashes and tensors into a list, as one entry key."""

from __future__ import annotations

from pathlib import Path

import click

from safelight.cli.limits import limit_options
from safelight.cli.opening import for_the_server, open_or_make
from safelight.cli.workspace_options import workspace_options
from safelight.lists import HashListInfo
from safelight.lists.importing import create_or_check
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.limits import Limits
from safelight.scan.fingerprints import entries, fingerprint
from safelight.types import ListClass


@click.command("add-model")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=str))
@click.option("--name", required=True, help="The list that it goes into; made if it is not there.")
@click.option(
    "--class",
    "list_class",
    type=click.Choice([item.value for item in ListClass]),
    default=ListClass.MODEL.value,
    show_default=True,
    help="What the list holds; known_good for base models that are benign.",
)
@click.option("--key", required=True, help="What the model is called in the list, to withdraw it by.")
@click.option("--own", is_flag=True, help="A new list is your own: two people admit what goes into it.")
@click.option("--reason", default="", help="Why, for the server's ledger and for the people who admit it.")
@workspace_options
@limit_options
def add_model(
    *,
    paths: tuple[str, ...],
    name: str,
    list_class: str,
    key: str,
    own: bool,
    reason: str,
    workspace: Path | None,
    key_file: Path | None,
    limits: Limits,
    accept_partial_sandbox: bool,
) -> None:
    """Add one model: a file, or the files or the folder of a sharded one.

    First add the benign base models of your field to a list of class known_good: what a model shares with
    them tells nothing.
    """
    with Sandbox(limits=limits, accept_partial=accept_partial_sandbox) as sandbox:
        found = fingerprint(paths, sandbox)
    info = HashListInfo(name, ListClass(list_class))
    with open_or_make(workspace, key_file) as opened:
        notes = for_the_server(opened, own, reason)
        told = list(entries(found, name, key, opened.store))
        create_or_check(opened.store, info)
        added = opened.store.add(told)
    click.echo(
        f"{name}: {added.added:,} added, {added.known:,} known already, {added.updated:,} updated, "
        f"of {len(found.files):,} files and {len(found.tensors):,} tensors."
    )
    for note in notes():
        click.echo(note, err=True)
    if found.left_out:
        click.echo(f"Left out {len(found.left_out):,} files that are no model files.", err=True)
    for file, problem in found.problems:
        click.echo(f"Not read of {file}: {problem.reason} {problem.detail}", err=True)
