"""``safelight model``: what model files are known by. Nothing is loaded, and nothing unpickled."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from safelight.cli.exit_codes import ExitCode
from safelight.cli.limits import limit_options
from safelight.cli.text import visible
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.limits import Limits
from safelight.scan.fingerprints import Fingerprint
from safelight.scan.fingerprints import fingerprint as fingerprint_

SCHEMA = "safelight.fingerprint/1"
_SHOWN = 5


@click.group()
def model() -> None:
    """Show what model files are known by."""


@model.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=str))
@click.option("--tensors", is_flag=True, help="Also every tensor's digests.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, with every tensor.")
@limit_options
def fingerprint(
    *, paths: tuple[str, ...], tensors: bool, as_json: bool, limits: Limits, accept_partial_sandbox: bool
) -> None:
    """Print the hashes of one model: a file, or the files or the folder of a sharded one.

    Exits with 4 when something of it could not be read.
    """
    with Sandbox(limits=limits, accept_partial=accept_partial_sandbox) as sandbox:
        found = fingerprint_(paths, sandbox)
    click.echo(json.dumps(_document(found)) if as_json else _lines(found, tensors=tensors))
    sys.exit(ExitCode.UNSCANNED if found.problems else ExitCode.OK)


def _document(found: Fingerprint) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "files": [
            {"name": visible(name), **{s.type: s.value for s in signals}} for name, signals in found.files
        ],
        "tsid": found.tsid,
        "sets": [{"name": visible(name), "tsid": tsid} for name, tsid in found.sets],
        "left_out": [visible(name) for name in found.left_out],
        "tensors": [
            {"name": visible(t.name), "bytes": t.size, "t1": t.t1, "t16": t.t16, "sketch": t.sketch}
            for t in found.tensors
        ],
        "problems": [
            {"file": visible(name), "reason": problem.reason.value, "detail": problem.detail}
            for name, problem in found.problems
        ],
    }


def _lines(found: Fingerprint, *, tensors: bool) -> str:
    lines = []
    for name, signals in found.files:
        lines.append(f"# {visible(name)}")
        lines += [f"{signal.type} {signal.value}" for signal in signals if signal.type != "tsid"]
    lines.append(f"# the model: {len(found.tensors):,} tensors, {sum(t.size for t in found.tensors):,} bytes")
    if found.tsid:
        lines.append(f"tsid {found.tsid}")
    lines += [
        line
        for name, tsid in found.sets
        if tsid != found.tsid
        for line in (f"# the shards {visible(name)}", f"tsid {tsid}")
    ]
    for tensor in found.tensors if tensors else ():
        lines.append(f"# {visible(tensor.name)}: {tensor.size:,} bytes")
        lines += [f"{signal.type} {signal.value}" for signal in tensor.signals()]
    if found.left_out:
        shown = ", ".join(visible(Path(name).name) for name in found.left_out[:_SHOWN])
        more = len(found.left_out) - _SHOWN
        lines.append(f"# left out, no model files: {shown}{f' and {more:,} more' if more > 0 else ''}")
    lines += [f"# not read of {visible(name)}: {p.reason} {visible(p.detail)}" for name, p in found.problems]
    return "\n".join(lines)
