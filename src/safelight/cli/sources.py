"""What ``--list`` means: a list of the workspace by its name, or a file with the class that it holds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import click

from safelight.lists.store import DEFAULT_DISTANCE, MAX_DISTANCE
from safelight.types import ListClass

_FILE = re.compile(r"(?P<class>[a-z_]+)(?:@(?P<distance>[0-9]+))?:(?P<path>.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ListFile:
    """A list read from a file for one scan only. ``distance`` is 0-64 bits."""

    path: Path
    list_class: ListClass
    distance: int = DEFAULT_DISTANCE


class ListSource(click.ParamType):
    """``NAME``, ``CLASS:FILE`` or ``CLASS@DISTANCE:FILE``. A file's class is never guessed."""

    name = "NAME|CLASS[@DISTANCE]:FILE"

    def convert(
        self, value: str | ListFile, param: click.Parameter | None, ctx: click.Context | None
    ) -> str | ListFile:
        """Tell a name from a file."""
        if isinstance(value, ListFile):
            return value
        parsed = _FILE.fullmatch(value)
        if parsed and parsed["class"] in list(ListClass):
            distance = int(parsed["distance"] or DEFAULT_DISTANCE)
            if distance > MAX_DISTANCE:
                self.fail(f"{value!r}: a distance is at most {MAX_DISTANCE} bits", param, ctx)
            path = Path(parsed["path"])
            if not path.is_file():
                self.fail(f"{value!r}: there is no file {str(path)!r}", param, ctx)
            return ListFile(path, ListClass(parsed["class"]), distance)
        if ":" in value or "/" in value or Path(value).is_file():
            path_text = value.rpartition(":")[2]
            self.fail(
                f"{value!r}: say what the file lists, as in --list {ListClass.TEST}:{path_text}\n"
                f"The classes are {', '.join(ListClass)}.",
                param,
                ctx,
            )
        return value
