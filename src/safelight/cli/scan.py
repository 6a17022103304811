"""``safelight scan``: files and folders against hash lists."""

from __future__ import annotations

import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import click

from safelight.cli.exit_codes import ExitCode
from safelight.cli.interrupt import Interrupt
from safelight.cli.limits import limit_options
from safelight.cli.progress import ScanProgress
from safelight.cli.sources import NOTHING_LISTED, ListFile, list_sources, open_sources
from safelight.cli.summary import Findings, show_summary
from safelight.cli.text import console
from safelight.cli.workspace_options import workspace_options
from safelight.errors import UsageError
from safelight.media.sandbox.limits import Limits
from safelight.scan.origin import Examine
from safelight.scan.policy import DEFAULT_POLICY
from safelight.scan.policy_file import load_policy
from safelight.scan.results import Results, open_results
from safelight.scan.run import Run
from safelight.scan.scanner import Scanner
from safelight.scan.state import ScanState
from safelight.scan.tally import Tallied, Tally
from safelight.scan.walk import Walk
from safelight.types import Outcome, ScanResult

_File = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=str))
@click.option(
    "--list",
    "lists",
    multiple=True,
    metavar="NAME|CLASS[@DISTANCE]:FILE",
    callback=list_sources,
    help="A list of the workspace by its name, or a file with the class of what it lists: csam:hashes.csv, or"
    " csam@20:hashes.csv for a distance of 20 bits. May be repeated. Default: all of the workspace's lists.",
)
@click.option("--policy", "policy_file", type=_File, help="Policy file; see `safelight policy`.")
@click.option("--jobs", type=click.IntRange(1, 256), help="Files at a time.  [default: one a processor]")
@click.option("--jsonl", metavar="FILE|-", help="Write an observation a line to a new FILE, or - for stdout.")
@click.option("--state", "state_file", type=_File, help="Keep track in this file, to go on after a kill.")
@click.option("--exclude", multiple=True, metavar="PATTERN", help="Leave out names (with a slash: paths).")
@click.option(
    "--provenance",
    type=click.Choice([each.value for each in Examine]),
    default=Examine.MATCHED.value,
    show_default=True,
    help="Of which files to look for evidence of origin, for --jsonl.",
)
@click.option("--only-findings", is_flag=True, help="Leave clear files out of --jsonl.")
@workspace_options
@limit_options
def scan(
    *,
    paths: tuple[str, ...],
    lists: tuple[str | ListFile, ...],
    workspace: Path | None,
    key_file: Path | None,
    policy_file: Path | None,
    jobs: int | None,
    jsonl: str | None,
    state_file: Path | None,
    exclude: tuple[str, ...],
    limits: Limits,
    accept_partial_sandbox: bool,
    only_findings: bool,
    provenance: str,
) -> None:
    """Compare files, and everything in directories, with hash lists.

    Exit codes: 0 everything is clear; 1 the scan failed; 2 wrong call, or no list is loaded; 3 something
    matched or is held; 4 nothing matched, but some files were not scanned; 130 interrupted.
    """
    policy = load_policy(policy_file) if policy_file else DEFAULT_POLICY
    if state_file and jsonl == "-":
        raise click.UsageError(
            "--state needs --jsonl FILE, since lines on standard output cannot be taken back"
        )
    walk, started = Walk(paths, exclude, sets=True), time.monotonic()
    with ExitStack() as opened:
        sources = opened.enter_context(open_sources(lists, workspace, key_file))
        scanner = opened.enter_context(
            Scanner(
                lists=sources.lists,
                workspace=sources.workspace,
                only=sources.only,
                policy=policy,
                limits=limits,
                accept_partial_sandbox=accept_partial_sandbox,
                examine=Examine(provenance),
            )
        )
        if not scanner.anything_listed():
            raise UsageError(NOTHING_LISTED)
        results = Results(*_outputs(opened, jsonl, state_file, scanner), only_findings=only_findings)
        interrupt = opened.enter_context(Interrupt())
        run = Run(scanner, results, jobs or len(os.sched_getaffinity(0)), stop=interrupt.event)
        run.bookmarks = state_file and state_file.with_name(f"{state_file.name}.videos")
        out = console(stderr=jsonl == "-")
        findings = Findings(out)
        with ScanProgress(console(stderr=True), run.tally, Walk(paths, exclude, sets=True)) as progress:
            _report_to(run, findings if jsonl != "-" else None, progress)
            run.over(walk)
        if jsonl != "-" or out.is_terminal:
            show_summary(out, run.tally, walk, unshown=findings.unshown(), seconds=time.monotonic() - started)
    sys.exit(_exit_code(run.tally, interrupt))


def _outputs(
    opened: ExitStack, jsonl: str | None, state_file: Path | None, scanner: Scanner
) -> tuple[IO[bytes] | None, ScanState | None]:
    path = Path(jsonl) if jsonl and jsonl != "-" else None
    state = None
    if state_file:
        state = opened.enter_context(ScanState(state_file, results=path, made_with=scanner.made_with()))
        if others := state.others():
            click.echo(
                f"{others:,} files were scanned with other lists or policy; they are scanned anew", err=True
            )
    if path:
        return opened.enter_context(open_results(path, resumed=state is not None)), state
    return (sys.stdout.buffer if jsonl else None), state


def _report_to(run: Run, findings: Findings | None, progress: ScanProgress) -> None:
    def on_result(result: ScanResult) -> None:
        if findings:
            findings.show(result)
        progress.advance()

    def on_skip(_: Tallied) -> None:
        progress.advance()

    run.on_result, run.on_skip, run.on_progress = on_result, on_skip, progress.watch


def _exit_code(tally: Tally, interrupt: Interrupt) -> int:
    if interrupt.signal:
        return 128 + interrupt.signal
    if tally.found:
        return ExitCode.FOUND
    return ExitCode.UNSCANNED if tally.outcomes[Outcome.UNSCANNED] else ExitCode.OK
