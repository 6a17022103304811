"""How far a scan is, on a terminal; anywhere else, silence."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from safelight.cli.text import visible
from safelight.scan.tally import Tally
from safelight.scan.walk import Walk
from safelight.types import Outcome


class ScanProgress:
    """A bar with rate, counts and time left; a walk of its own counts the files in the background."""

    def __init__(self, console: Console, tally: Tally, count: Walk) -> None:
        """Draw on ``console`` if it is a terminal."""
        self._tally = tally
        self._count = count
        self._over = threading.Event()
        self._bar = Progress(
            SpinnerColumn(),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[found]}"),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task = self._bar.add_task("scan", total=None, found="")
        self._watched = ""

    def advance(self) -> None:
        """One more file is finished."""
        self._watched = ""
        self._bar.update(self._task, advance=1, found=self._found())

    def watch(self, path: str, done: float, whole: float | None) -> None:
        """How far a long video is; from any thread."""
        of = f" of {timedelta(seconds=round(whole))}" if whole else ""
        self._watched = escape(f"{visible(Path(path).name)}: {timedelta(seconds=round(done))}{of}")
        self._bar.update(self._task, found=self._found())

    def _found(self) -> str:
        counts = self._tally.outcomes
        told = ((counts[o], o) for o in (Outcome.MATCH, Outcome.HOLD, Outcome.UNSCANNED))
        counted = [f"{count:,} {outcome}" for count, outcome in told if count]
        return "  ".join([*counted, self._watched] if self._watched else counted)

    def _count_files(self) -> None:
        total = 0
        for _ in self._count:
            if self._over.is_set():
                return
            total += 1
        self._bar.update(self._task, total=total)

    def __enter__(self) -> Self:
        """Start drawing."""
        self._bar.start()
        if not self._bar.disable:
            threading.Thread(target=self._count_files, name="count", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bar away."""
        self._over.set()
        self._bar.stop()


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f}/s" if speed else "", "dim")
