"""``safelight doctor``: can this machine scan, and what protects it while it does?"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from rich.text import Text

from safelight.cli.checkup import (
    Finding,
    attempt,
    containers,
    decoders,
    sandbox_protections,
    sounds,
    versions,
    videos,
    workspace_and_lists,
)
from safelight.cli.exit_codes import ExitCode
from safelight.cli.server_checkup import server
from safelight.cli.text import console, visible
from safelight.cli.workspace_options import workspace_options
from safelight.media.sandbox.client import Sandbox
from safelight.media.sandbox.families import FAMILIES


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@workspace_options
def doctor(*, as_json: bool, workspace: Path | None, key_file: Path | None) -> None:
    """Check versions, decoders, the sandbox's protections, the workspace, its key and its lists.

    Where a server keeps the workspace: its database, port, disk, open files and clock as well.

    Exits with 1 when something needs attention.
    """
    findings = list(_findings(workspace, key_file))
    well = all(finding.well for finding in findings)
    if as_json:
        facts = [{"area": f.area, "well": f.well, "says": f.says} for f in findings]
        click.echo(json.dumps({"schema": "safelight.doctor/1", "well": well, "findings": facts}))
    else:
        _show(findings)
    sys.exit(ExitCode.OK if well else ExitCode.FAILED)


def _findings(workspace: Path | None, key_file: Path | None) -> Iterator[Finding]:
    yield from versions()
    # What is missing is to be told here, so a sandbox with gaps has to be entered.
    with Sandbox(accept_partial=True) as sandbox:
        names = tuple(family.name for family in FAMILIES)
        yield from attempt("sandbox", lambda: sandbox_protections(sandbox, names))
        yield from attempt("decoders", lambda: decoders(sandbox))
        yield from attempt("decoders", lambda: containers(sandbox))
        yield from attempt("decoders", lambda: videos(sandbox))
        yield from attempt("decoders", lambda: sounds(sandbox))
    yield from attempt("workspace", lambda: workspace_and_lists(workspace, key_file))
    yield from attempt("server", lambda: server(workspace))


def _show(findings: list[Finding]) -> None:
    out = console()
    area = ""
    for finding in findings:
        if finding.area != area:
            area = finding.area
            out.print(Text(area, "bold"))
        mark, style = ("ok", "green") if finding.well else ("!!", "bold red")
        lines = (visible(line) for line in finding.says.splitlines())
        out.print(Text.assemble((f"  {mark:<4}", style), "\n      ".join(lines)))
    needing = sum(not finding.well for finding in findings)
    out.print(f"\n{needing} of these need attention" if needing else "\neverything is well")
