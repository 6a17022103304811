"""The file that names golden pictures and what is expected of them, and the check that they are benign."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from safelight.errors import UsageError
from safelight.types import ListClass, Observation, ScanResult

_Word = Annotated[str, Field(min_length=1, max_length=100)]
_MOST: Final = 500


class _Item(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: _Word
    picture: _Word
    expected: dict[str, str]
    why: str = Field("", max_length=2_000)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    schema_: Literal["safelight.golden/1"] = Field(alias="schema")
    items: list[_Item] = Field(min_length=1, max_length=_MOST)


@dataclass(frozen=True, slots=True)
class GoldenPicture:
    """A picture that was read and found to be benign, as the operator's own test list says."""

    name: str
    content: bytes
    mime: str
    expected: dict[str, str]
    why: str


def read_golden(path: Path, scan: Callable[[bytes], ScanResult]) -> tuple[GoldenPicture, ...]:
    """The pictures of a file, which names them beside itself. Each is compared with every list by ``scan``.

    A picture is taken only where a list of class ``test`` matches it and no other list does: so it is one
    that the operator has said is benign. Raises :class:`~safelight.errors.UsageError`.
    """
    try:
        told = _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise UsageError(f"{path} names no golden items: {error}") from None
    return tuple(_picture(path.parent, one, scan) for one in told.items)


def _picture(folder: Path, item: _Item, scan: Callable[[bytes], ScanResult]) -> GoldenPicture:
    where = folder / item.picture
    if not where.is_file():
        raise UsageError(f"{item.name}: there is no picture {where}.")
    content = where.read_bytes()
    seen: Observation = scan(content).observation
    classes = {match.list_class for match in seen.matches}
    if classes != {ListClass.TEST}:
        raise UsageError(
            f"{item.name}: a golden item is a benign picture of yours that a list of class test holds, and "
            "no other list. Put it into such a list first: safelight lists import … --class test."
        )
    return GoldenPicture(item.name, content, seen.mime, item.expected, item.why)
