"""The root command and how its subcommands are found."""

from __future__ import annotations

import click


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="safelight")
def main() -> None:
    """Find known abuse material by hash, with the least possible harm to those who look."""
