"""What ``--list`` means: a list of the workspace by its name, or a file with the class that it holds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from safelight.cli.opening import open_workspace
from safelight.cli.text import visible
from safelight.errors import ListFormatError, NoSuchList, UsageError, WorkspaceMissing
from safelight.lists import DEFAULT_DISTANCE, MAX_DISTANCE, HashList
from safelight.lists.store import MAX_NAME
from safelight.types import ListClass
from safelight.workspace import Workspace

_FILE: Final = re.compile(r"(?P<class>[a-z_]+)(?:@(?P<distance>[0-9]+))?:(?P<path>.+)", re.DOTALL)
_BAD_LINES_SHOWN: Final = 5

NOTHING_LISTED: Final = (
    "no list with entries is loaded, so there is nothing to compare with. Import one with\n"
    "  safelight lists import FILE --name NAME --class CLASS\n"
    "or name a file for this scan only, as in --list test:FILE"
)


@dataclass(frozen=True, slots=True)
class ListFile:
    """A list read from a file for one scan only. ``distance`` is 0-64 bits."""

    path: Path
    list_class: ListClass
    distance: int = DEFAULT_DISTANCE


def list_sources(
    _ctx: click.Context, _param: click.Parameter, given: tuple[str, ...]
) -> tuple[str | ListFile, ...]:
    """A click callback for ``NAME``, ``CLASS:FILE`` and ``CLASS@DISTANCE:FILE``; a class is never guessed."""
    return tuple(map(_source, given))


def _source(text: str) -> str | ListFile:
    parsed = _FILE.fullmatch(text)
    if parsed and parsed["class"] in list(ListClass):
        distance = int(parsed["distance"] or DEFAULT_DISTANCE)
        if distance > MAX_DISTANCE:
            raise click.BadParameter(f"{text!r}: a distance is at most {MAX_DISTANCE} bits")
        return ListFile(Path(parsed["path"]), ListClass(parsed["class"]), distance)
    if "/" in text:  # which no list's name has
        raise click.BadParameter(f"{text!r}: {_hint(text)}")
    return text


def _hint(text: str) -> str:
    """How to name a file for one scan; for whoever gave a file without its class."""
    example = f"--list {ListClass.TEST}:{text.rpartition(':')[2]}"
    return f"to scan with a file, say what it lists, as in {example}; the classes are {', '.join(ListClass)}"


@dataclass(frozen=True, slots=True)
class Sources:
    """What a scanner is to search."""

    lists: tuple[HashList, ...]
    workspace: Workspace | None
    only: frozenset[str] | None


@contextmanager
def open_sources(
    given: Sequence[str | ListFile], workspace: Path | None, key_file: Path | None
) -> Iterator[Sources]:
    """Read the files and open the workspace, if it is needed.

    Raises :class:`~safelight.errors.UsageError` when a list is not there or cannot be read as it is.
    """
    files = tuple(_read(file, number) for number, file in enumerate(given) if isinstance(file, ListFile))
    names = frozenset(name for name in given if isinstance(name, str))
    if files and not names:
        yield Sources(files, None, None)
        return
    with ExitStack() as stack:
        try:
            opened = stack.enter_context(open_workspace(workspace, key_file))
            for name in names:
                opened.store.get(name)
        except (WorkspaceMissing, NoSuchList) as error:
            if not names:
                raise UsageError(f"{error}\n{NOTHING_LISTED}" if workspace else NOTHING_LISTED) from error
            hints = [_hint(name) for name in names if Path(name.rpartition(":")[2]).is_file()]
            raise UsageError("\n".join([str(error), *hints])) from error
        yield Sources(files, opened, names or None)


def _read(file: ListFile, number: int) -> HashList:
    name = visible(file.path.name).lstrip("-").strip()[-MAX_NAME + 4 :] or "list"
    name = f"{name} ({number + 1})" if number else name
    try:
        hashes = HashList.from_file(file.path, name, file.list_class, distance=file.distance)
    except ListFormatError as error:
        hint = "--list reads files that say what they hold; `safelight lists import` takes options for others"
        raise UsageError(f"{error}\n{hint}") from error
    for bad in hashes.report.bad[:_BAD_LINES_SHOWN]:
        click.echo(f"{visible(str(file.path))}, line {bad.number}: {bad.reason}", err=True)
    if hashes.report.bad_total:
        click.echo(
            f"{name}: {hashes.report.bad_total:,} bad lines left out, {len(hashes):,} entries kept", err=True
        )
    return hashes
