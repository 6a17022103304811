"""Commands of the server say so plainly where its packages are not installed."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import click

P = ParamSpec("P")
R = TypeVar("R")


def needs_server(command: Callable[P, R]) -> Callable[P, R]:
    """Turn a missing package into one line that says what to install."""

    @functools.wraps(command)
    def run(*args: P.args, **options: P.kwargs) -> R:
        try:
            return command(*args, **options)
        except ModuleNotFoundError as error:
            raise click.ClickException(
                f"The server is not installed ({error.name} is missing). Install it with: "
                'pip install "safelight[server]"'
            ) from error

    return run
