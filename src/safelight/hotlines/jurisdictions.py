"""Which hotline is told, by which duty: a profile the operator chooses, with their counsel.

Two authorities that share what they receive are not both told: a duty that an earlier one's hotline already
answers is met by it. A profile is a TOML file; those shipped are in ``profiles/``, each fact marked with how
sure we are of it. None of it is legal advice.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from safelight.errors import UsageError
from safelight.types import ListClass

CYBERTIPLINE: Final = "cybertipline"
REPORTED_CLASSES: Final = frozenset({ListClass.CSAM, ListClass.AI_CSAM})
"""What a list of that class matched is reported by default. Exploitative and intimate imagery, models and
what people reported of themselves are not: there, a person says so for the one file."""
_NAME: Final = r"^[a-z0-9_]{1,60}$"
_Name = Annotated[str, StringConstraints(pattern=_NAME)]


class Duty(BaseModel):
    """One duty to report: by what law, and to whom. The first of ``hotlines`` is told unless another was."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: _Name
    law: str
    hotlines: tuple[_Name, ...] = Field(min_length=1)
    preserve_days: int = Field(ge=1)
    confidence: str = Field(pattern="^[ABCDU]$")


class Profile(BaseModel):
    """The duties of an operator, in the order in which they are met."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: _Name
    title: str
    says: str
    duties: tuple[Duty, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Route:
    """One hotline to tell, and the duties that are met by it, the one it was chosen for first."""

    hotline: str
    duties: tuple[Duty, ...]


def shipped() -> tuple[str, ...]:
    """The names of the profiles that come with Safelight."""
    folder = resources.files(__package__).joinpath("profiles")
    return tuple(sorted(path.name[:-5] for path in folder.iterdir() if path.name.endswith(".toml")))


def profile(name_or_path: str) -> Profile:
    """A shipped profile by its name, or the operator's own by its path.

    Raises :class:`~safelight.errors.UsageError`, which says what to mend.
    """
    if name_or_path in shipped():
        source = resources.files(__package__).joinpath("profiles", f"{name_or_path}.toml")
        return _parsed(name_or_path, source.read_text(encoding="utf-8"))
    path = Path(name_or_path)
    if path.suffix != ".toml":
        raise UsageError(
            f"There is no jurisdiction profile {name_or_path!r}. Shipped are {', '.join(shipped())}; or give"
            " the path of your own .toml file."
        )
    try:
        return _parsed(name_or_path, path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The profile {path} cannot be read: {error}") from None


def routes(chosen: Profile) -> tuple[Route, ...]:
    """Whom to tell. A duty that some hotline chosen before it answers too tells nobody a second time."""
    met: dict[str, list[Duty]] = {}
    for duty in chosen.duties:
        told = next((hotline for hotline in met if hotline in duty.hotlines), duty.hotlines[0])
        met.setdefault(told, []).append(duty)
    return tuple(Route(hotline, tuple(duties)) for hotline, duties in met.items())


def reported_by_default(classes: Collection[ListClass], *, rehearsal: bool) -> bool:
    """Whether a confirmed file goes with a report unless a person says otherwise, by what it matched.

    A file that matched nothing was put into the case by a person or a report, and goes with it. One of class
    ``test`` goes with rehearsals only, and nothing else does.
    """
    there = frozenset(classes)
    if rehearsal:
        return there == {ListClass.TEST}
    if ListClass.TEST in there:
        return False
    return not there - {ListClass.KNOWN_GOOD} or bool(there & REPORTED_CLASSES)


def _parsed(name: str, text: str) -> Profile:
    try:
        return Profile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"The profile {name} is not valid TOML: {error}") from None
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise UsageError(f"The profile {name} is not valid: {wrong}") from None
