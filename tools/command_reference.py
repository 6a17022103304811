"""Writes ``docs/operator/command-line.md`` from the commands' help; a test fails when it is out of date."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import click

from safelight.cli.main import main

PAGE = Path(__file__).parents[1] / "docs" / "operator" / "command-line.md"


def commands(
    command: click.Command, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """A command and all below it, in the order of their names."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=path[-1])
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from commands(below, (*path, name))


def options(command: click.Command) -> Iterator[str]:
    """A line for each argument and option."""
    context = click.Context(command)
    for parameter in command.get_params(context):
        if isinstance(parameter, click.Argument):
            needed = "required" if parameter.required else "optional"
            yield f"`{parameter.make_metavar(context)}`\n: {needed}\n"
        elif record := parameter.get_help_record(context):
            yield f"`{record[0]}`\n: {record[1] or '-'}\n"


def page() -> str:
    """The whole page."""
    out = [
        "# The command line\n",
        "Every command answers `--help`. Exit codes: [exit-codes](exit-codes.md).\n",
    ]
    for path, command in commands(main, ("safelight",)):
        out.append(f"{'##' if len(path) < 3 else '###'} `{' '.join(path)}`\n")
        out.append(inspect.cleandoc(command.help or "").replace("\b\n", "").replace("\f", "") + "\n")
        if not isinstance(command, click.Group):
            out += [line for line in options(command) if "--help`" not in line]
    return "\n".join(out)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
