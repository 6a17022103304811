"""``safelight scan``: files and folders against hash lists."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event
from types import FrameType
from typing import IO

import click

from safelight.cli.exit_codes import ExitCode
from safelight.cli.progress import ScanProgress
from safelight.cli.sources import ListFile, ListSource, open_scanner
from safelight.cli.summary import Findings, show_summary
from safelight.cli.text import console
from safelight.errors import UsageError
from safelight.scan.policy import DEFAULT_POLICY
from safelight.scan.policy_file import load_policy
from safelight.scan.results import Results, open_results
from safelight.scan.run import Run
from safelight.scan.state import ScanState
from safelight.scan.tally import Tally
from safelight.scan.walk import Walk
from safelight.types import Outcome

_File = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=str))
@click.option(
    "--list",
    "lists",
    multiple=True,
    type=ListSource(),
    help="A list of the workspace by name, or a file with the class that it holds, as in csam:hashes.csv or"
    " csam@20:hashes.csv for another distance. May be repeated. Default: every enabled list of the workspace.",
)
@click.option("--workspace", type=click.Path(path_type=Path, file_okay=False), help="Where the lists are kept.")
@click.option("--policy", "policy_file", type=_File, help="Policy file; see `safelight policy`.")
@click.option("--jobs", type=click.IntRange(1, 256), help="Files at once.  [default: one a processor]")
@click.option("--jsonl", metavar="FILE|-", help="Write one observation a line to a new FILE, or - for standard output.")
@click.option("--state", "state_file", type=_File, help="Remember what is finished, to go on after an interruption.")
@click.option("--exclude", multiple=True, metavar="PATTERN", help="Leave out names, or with a slash paths, like this.")
@click.option("--only-findings", is_flag=True, help="No line in --jsonl for files that are clear.")
@limit_options
def scan(
    paths: tuple[str, ...],
    lists: tuple[str | ListFile, ...],
    workspace: Path | None,
    policy_file: Path | None,
    jobs: int | None,
    jsonl: str | None,
    state_file: Path | None,
    exclude: tuple[str, ...],
    *,
    only_findings: bool,
) -> None:
    """Compare files, and everything in directories, with hash lists.

    Exit codes: 0 everything is clear, 1 the scan failed, 2 it was called wrongly or no list is loaded,
    3 something matched or is held, 4 nothing matched but some files were not scanned, 130 interrupted.
    """
