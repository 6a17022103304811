"""``safelight hash``: a file's hashes, in a form that ``safelight lists import`` and ``--list`` read back."""

from __future__ import annotations

import json
import sys

import click

from safelight.cli.exit_codes import ExitCode
from safelight.cli.limits import limit_options
from safelight.cli.text import visible
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.limits import Limits
from safelight.scan.observation import to_hashes
from safelight.scan.observe import now_utc, observe, unseen
from safelight.scan.walk import Refused, Walk
from safelight.signals.weights import T1, TENSORS
from safelight.types import Observation, Part


@click.command("hash")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=str))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a file, one a line.")
@limit_options
def hash_(*, paths: tuple[str, ...], as_json: bool, limits: Limits, accept_partial_sandbox: bool) -> None:
    """Print digests and hashes of pictures, videos and sounds, and of everything in directories.

    Lines are `type value`, after a comment with the file's name: the output can be used as a hash list. What
    an archive or document holds is printed too, after a comment with its place.
    Exits with 4 when some file could not be hashed whole.
    """
    problems = False
    with Sandbox(limits=limits, accept_partial=accept_partial_sandbox) as sandbox:
        for met in Walk(paths):
            if isinstance(met, Refused):
                seen = unseen(met.path, met.problem, now_utc())
            else:
                seen = observe(met.path, met.path, sandbox, limits, now_utc())
            problems = problems or bool(seen.problems)
            click.echo(json.dumps(to_hashes(seen)) if as_json else _lines(seen))
    sys.exit(ExitCode.UNSCANNED if problems else ExitCode.OK)


def _lines(seen: Observation) -> str:
    kind = f"{seen.mime}, {seen.size:,} bytes" if seen.mime else "not read"
    lines = [f"# {visible(seen.name)} ({kind})"]
    member: tuple[str, ...] = ()
    tensors = sum(signal.type == T1.name for signal in seen.signals)
    for signal in seen.signals:
        if signal.type in TENSORS:
            continue
        if signal.part.members != member:
            member = signal.part.members
            lines.append(f"# within it: {visible(str(Part(member)))}" if member else "# the file itself")
        if signal.quality is not None:
            lines.append(f"# {signal.type}{_of(str(signal.part))}: quality {signal.quality}")
        lines.append(f"{signal.type} {signal.value}")
    if tensors:
        lines.append(f"# {tensors:,} tensors: see `safelight model fingerprint --tensors`")
    for unhashable in seen.unhashable:
        quality = "" if unhashable.quality is None else f", quality {unhashable.quality}"
        lines.append(f"# no {unhashable.type}{_of(str(unhashable.part))}: {unhashable.reason}{quality}")
    lines += [
        f"# not looked at{_of(str(problem.part))}: {problem.reason} {visible(problem.detail)}".rstrip()
        for problem in seen.problems
    ]
    return "\n".join(lines)


def _of(part: str) -> str:
    return f" of {visible(part)}" if part else ""
