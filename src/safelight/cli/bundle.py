"""``safelight bundle``: check and open an evidence bundle, offline; and whose signature to expect."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from safelight.cli.exit_codes import ExitCode
from safelight.cli.workspace_options import workspace_options
from safelight.keys import Purpose
from safelight.workspace import Workspace

if TYPE_CHECKING:
    from safelight.bundle.reading import Verified

_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)
_sealed = click.argument("sealed", type=_FILE)
_identity = click.option(
    "--identity", type=_FILE, required=True, metavar="KEYFILE", help="Your private key: age or ssh-ed25519."
)
_signer = click.option(
    "--signer", default="", metavar="SHA256:…", help="The key that must have signed, as the sender told you."
)


@click.group()
def bundle() -> None:
    """Check and open evidence bundles. Needs no server, no workspace and no network."""


@bundle.command()
@_sealed
@_identity
@_signer
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def verify(sealed: Path, identity: Path, signer: str, as_json: bool) -> None:
    """Read a sealed bundle to its last byte and say whether it is what was made. Nothing is written.

    Checks the seal, the signature, every file's digest, and the ledger's proofs under its signed head. Exit
    code 1 if anything does not hold.
    """
    from safelight.bundle.reading import verify_bundle  # noqa: PLC0415 - needs pydantic and pyrage
    from safelight.bundle.recipients import identity as private_key  # noqa: PLC0415

    with sealed.open("rb") as source:
        found = verify_bundle(source, private_key(_text(identity)), signer=signer)
    _tell(found, as_json=as_json)


@bundle.command("open")
@_sealed
@_identity
@_signer
@click.option(
    "--into", type=click.Path(path_type=Path), required=True, metavar="DIR", help="A directory to make."
)
def open_(sealed: Path, identity: Path, signer: str, into: Path) -> None:
    """Verify a sealed bundle and write what is in it to a new directory that only you can read.

    Where anything does not hold, nothing is left there. Originals are among the files: open them only where
    the law lets you.
    """
    from safelight.bundle.reading import unpack_bundle  # noqa: PLC0415 - needs pydantic and pyrage
    from safelight.bundle.recipients import identity as private_key  # noqa: PLC0415

    with sealed.open("rb") as source:
        found = unpack_bundle(source, private_key(_text(identity)), into, signer=signer)
    _tell(found, as_json=False)


@bundle.command()
@click.option("--pem", is_flag=True, help="The public key itself, as OpenSSL reads it.")
@workspace_options
def key(pem: bool, workspace: Path | None, key_file: Path | None) -> None:
    """Show the key that signs this workspace's bundles. Tell its fingerprint to recipients yourself."""
    from safelight.bundle.signing import BundleSigner  # noqa: PLC0415 - needs cryptography

    with Workspace.open(workspace, key_file=key_file) as opened:
        verifier = BundleSigner(opened.keyring.subkey(Purpose.BUNDLE_SIGNING)).verifier
    click.echo(verifier.to_pem().decode().rstrip() if pem else verifier.fingerprint)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def _tell(found: Verified, *, as_json: bool) -> None:
    told = found.description
    if as_json:
        click.echo(json.dumps(_as_json(found)))
    else:
        for problem in found.problems:
            click.echo(f"WRONG  {problem}", err=True)
        click.echo(f"Bundle     {told.id}, made {told.made_at:%Y-%m-%d %H:%M} UTC by {told.software}")
        click.echo(f"Case       {told.case}: {len(told.items)} files, {len(told.custody)} ledger rows")
        click.echo(f"For        {told.recipient} ({told.recipient_fingerprint})")
        click.echo(f"Released   asked by {told.asked_by}, released by {told.released_by}")
        click.echo(f"Ledger     {found.ledger_origin}")
        click.echo(f"Signed by  {found.signer}")
        if found.is_whole and found.is_trusted:
            click.echo("The bundle is whole, and signed with the key that you named.")
        elif found.is_whole:
            click.echo(
                "The bundle is whole. Who signed it is not proven: compare the fingerprint with the one that "
                "the sender told you by another way, or give it with --signer."
            )
    if not found.is_whole:
        raise click.exceptions.Exit(ExitCode.FAILED)


def _as_json(found: Verified) -> dict[str, object]:
    told = found.description
    return {
        "whole": found.is_whole,
        "trusted": found.is_trusted,
        "bundle": str(told.id),
        "case": str(told.case),
        "made_at": told.made_at.isoformat(),
        "recipient": told.recipient,
        "signer": found.signer,
        "ledger": found.ledger_origin,
        "files": found.files,
        "items": len(told.items),
        "problems": list(found.problems),
    }
