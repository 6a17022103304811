"""What a scan found, for a person: a line for each finding as it comes, and the counts at the end."""

from __future__ import annotations

from collections import Counter
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from safelight.cli.text import visible
from safelight.cli.words import LIMITED, OUTCOMES, REASONS
from safelight.scan.policy import is_exact
from safelight.scan.tally import EXACT, Tally
from safelight.scan.walk import Walk
from safelight.types import ListClass, Match, Outcome, ScanResult

UNSCANNED_SHOWN: Final = 200
"""Lines for unscanned files at most; the counts and the JSON have them all."""

_SPANS: Final = 3

BANDS: Final = (("exact", EXACT), ("0-10", 10), ("11-20", 20), ("21-31", 31), ("32-64", 64))
"""Columns of the table of matches, each up to a distance in bits."""


class Findings:
    """Prints one line a finding; clear files have none."""

    def __init__(self, console: Console) -> None:
        """Print to ``console``."""
        self._console = console
        self._unscanned = 0

    def show(self, result: ScanResult) -> None:
        """Print the line of one result, if it has one."""
        outcome = result.verdict.outcome
        if outcome is Outcome.CLEAR:
            return
        if outcome is Outcome.UNSCANNED:
            self._unscanned += 1
            if self._unscanned > UNSCANNED_SHOWN:
                return
        label, style = OUTCOMES[outcome]
        line = Text.assemble(
            (f"{label:<10}", style), visible(result.observation.name), ("  " + _why(result), "dim")
        )
        self._console.print(line)

    def unshown(self) -> int:
        """How many unscanned files had no line."""
        return max(0, self._unscanned - UNSCANNED_SHOWN)


def _why(result: ScanResult) -> str:
    verdict = result.verdict
    if verdict.reason:
        detail = next((p.detail for p in result.observation.problems if p.reason is verdict.reason), "")
        return f"{verdict.reason}: {visible(detail)}" if detail else str(verdict.reason)
    nearest = min(result.observation.matches, key=lambda m: (not is_exact(m), m.distance), default=None)
    return f"{_nearest(nearest)}; rule {verdict.rule}" if nearest else f"rule {verdict.rule}"


def _nearest(match: Match) -> str:
    if is_exact(match):
        how = f"same {match.signal.type.upper()}"
    elif match.level is not None:
        share = "" if match.share is None else f", {match.share:.0%} of it"
        how = f"model: {match.level.replace('_', ' ')}{share}"
    elif match.spans and match.coverage:
        shares = f"{match.coverage.query:.0%} of it, {match.coverage.listed:.0%} of what is listed"
        how = f"{shares}, {_when(match)}"
    else:
        when = f", {_when(match)}" if match.spans else ""
        how = f"distance {match.distance}{when}"
    part = f" in {visible(str(match.signal.part))}" if str(match.signal.part) else ""
    return f"list {match.list} ({match.list_class}), {how}{part}"


def _when(match: Match) -> str:
    first = ", ".join(f"{span.start:g}-{span.end:g} s" for span in match.spans[:_SPANS])
    more = len(match.spans) - _SPANS
    return f"{first} and {more} more" if more > 0 else first


def show_summary(console: Console, tally: Tally, walk: Walk, *, unshown: int, seconds: float) -> None:
    """Print the counts: outcomes, reasons, matches by list and distance, and what was left out."""
    if unshown:
        console.print(f"... and {unshown:,} more unscanned files; --jsonl writes every one")
    console.print()
    console.print(_outcomes(tally))
    if tally.matches:
        console.print(_matches(tally.matches))
    for kind, count in (
        ("symbolic links, not followed", walk.links),
        ("paths left out by --exclude", walk.excluded),
    ):
        if count:
            console.print(f"{count:,} {kind}")
    rate = f", {tally.files / seconds:,.0f} a second" if seconds >= 1 else ""
    console.print(f"{tally.files:,} files in {seconds:,.1f} s{rate}")


def _outcomes(tally: Tally) -> Table:
    table = Table("outcome", "files", "", box=None, pad_edge=False)
    table.columns[1].justify = "right"
    for outcome, (label, style) in OUTCOMES.items():
        table.add_row(Text(label, style), f"{tally.outcomes[outcome]:,}", "")
        if outcome is Outcome.UNSCANNED:
            for reason, count in tally.reasons.most_common():
                table.add_row(f"  {reason}", f"{count:,}", Text(REASONS[reason], "dim"))
        if outcome is Outcome.CLEAR:
            for limit, count in tally.limited.most_common():
                table.add_row(f"  {limit}", f"{count:,}", Text(LIMITED[limit], "dim"))
    return table


def _matches(matches: Counter[tuple[str, ListClass, int]]) -> Table:
    table = Table("list", "class", *(name for name, _ in BANDS), box=None, pad_edge=False, title="")
    for column in table.columns[2:]:
        column.justify = "right"
    for name, list_class in sorted({key[:2] for key in matches}):
        row: Counter[str] = Counter()
        for (n, c, distance), count in matches.items():
            if (n, c) == (name, list_class):
                row[next(label for label, upto in BANDS if distance <= upto)] += count
        table.add_row(
            visible(name), list_class, *(f"{row[label]:,}" if row[label] else "" for label, _ in BANDS)
        )
    return table
