"""``safelight schemes``: see the schemes of assessments, and check an operator's files before a restart."""

from __future__ import annotations

from pathlib import Path

import click
from rich.table import Table

from safelight.assessment.schemes import built_in, load_schemes
from safelight.cli.text import console


@click.command()
@click.argument("directory", required=False, type=click.Path(path_type=Path, file_okay=False, exists=True))
def schemes(directory: Path | None) -> None:
    """Show the schemes that ship, and those in DIRECTORY as they were understood.

    The server reads the directory `schemes` of its workspace. Exits with 2 when a file would mislead.
    """
    found = load_schemes(directory) if directory else built_in()
    table = Table("scheme", "version", "codes", "rules", "title", box=None, pad_edge=False)
    for scheme in found:
        codes = ", ".join(list(scheme.codes)[:8]) + (", …" if len(scheme.codes) > 8 else "")
        rules = str(len(scheme.rules)) if scheme.rules else "always asked for"
        table.add_row(scheme.id, scheme.version, codes, rules, scheme.title)
    console().print(table)
