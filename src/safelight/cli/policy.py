"""``safelight policy``: see what a policy leads to before it decides anything."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from safelight.cli.text import console
from safelight.cli.words import OUTCOMES
from safelight.scan.policy import DEFAULT_POLICY, Action, Policy, is_exact
from safelight.scan.policy_file import format_policy, load_policy
from safelight.types import ListClass, Match, Outcome, Signal

_STYLES = {
    Action.MATCH: OUTCOMES[Outcome.MATCH][1],
    Action.HOLD: OUTCOMES[Outcome.HOLD][1],
    Action.NOTE: "dim",
}


@click.group()
def policy() -> None:
    """Check a policy file, or show the built-in policy."""


@policy.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def check(file: Path) -> None:
    """Check FILE and show what it leads to, for every class of list.

    Exits with 2 when the file is not valid.
    """
    checked = load_policy(file)
    out = console()
    out.print(_table(checked))
    out.print(f"pictures too plain to compare by likeness: {checked.too_plain}")
    out.print(f"formats that are not decoded here: {checked.unsupported}")
    for rule in checked.rules:
        if rule.lists or rule.signals or rule.distance_at_most is not None:
            out.print(f"rule {rule.name} asks for certain lists, signals or distances, which no table shows")


@policy.command()
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
def show(file: Path | None) -> None:
    """Show the built-in policy as TOML, to start your own from; or FILE as it was understood."""
    click.echo(format_policy(load_policy(file) if file else DEFAULT_POLICY), nl=False)


def _table(checked: Policy) -> Table:
    table = Table(
        "list class",
        "same digest",
        "alike",
        "same, in shadow",
        "alike, in shadow",
        box=None,
        pad_edge=False,
    )
    for list_class in ListClass:
        exact = Match(Signal("sha256", ""), "any list", list_class, "")
        near = replace(exact, signal=Signal("pdq", ""), distance=31)
        cells = [
            _cell(checked, replace(match, shadow=shadow))
            for shadow in (False, True)
            for match in (exact, near)
        ]
        table.add_row(list_class, *cells)
    return table


def _cell(checked: Policy, match: Match) -> Text:
    if match.list_class is ListClass.KNOWN_GOOD:
        silences = is_exact(match) and not match.shadow
        return Text("silences likeness" if silences else "nothing", "dim")
    decided = checked.decide(match)
    return Text.assemble(
        (decided.action.name.lower(), _STYLES[decided.action]),
        ("  " + decided.rule.removesuffix(" (shadow)"), "dim"),
    )
