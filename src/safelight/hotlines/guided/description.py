"""A form-based hotline described: what its form asks, in its order, how soon, and how sure we are of it."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from safelight.errors import UsageError
from safelight.hotlines.guided.facts import Fact

_Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,60}$")]
_FROZEN: Final = ConfigDict(extra="forbid", frozen=True)


class GuidedField(BaseModel):
    """One field of the form. ``fact`` is what it is filled from; without one a person writes it.

    ``most`` is in characters. ``needed``: the form is not accepted without it.
    """

    model_config = _FROZEN

    name: _Name
    title: str
    fact: Fact | None = None
    most: int | None = Field(None, ge=1)
    needed: bool = False
    says: str = ""


class Tier(BaseModel):
    """One priority, the most urgent first. ``within_hours`` is None where the law names no number."""

    model_config = _FROZEN

    name: _Name
    title: str
    says: str
    within_hours: int | None = Field(None, ge=0)


class Guided(BaseModel):
    """One hotline. ``confidence`` is how its facts are known: A primary text … U unverified.

    ``url`` is empty where only the operator knows it. ``keep_reference_days`` is how long the hotline's own
    reference is kept after it was issued.
    """

    model_config = _FROZEN

    name: _Name
    title: str
    country: str = Field(pattern=r"^([A-Z]{2}|\*)$")
    url: str = ""
    law: str
    says: str
    emergency: str = ""
    confidence: str = Field(pattern="^[ABCDU]$")
    as_of: str
    reference_says: str
    preserve_days: int = Field(ge=1)
    keep_reference_days: int = Field(ge=1)
    tiers: tuple[Tier, ...] = ()
    fields: tuple[GuidedField, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        for what, names in (
            ("field", [one.name for one in self.fields]),
            ("tier", [one.name for one in self.tiers]),
        ):
            if twice := {name for name in names if names.count(name) > 1}:
                raise ValueError(f"more than one {what} is called {', '.join(sorted(twice))}")
        return self


def shipped() -> tuple[str, ...]:
    """The names of the descriptions that come with Safelight."""
    folder = resources.files(__package__)
    return tuple(sorted(path.name[:-5] for path in folder.iterdir() if path.name.endswith(".toml")))


def guided(name: str, own: Path | None = None) -> Guided:
    """A hotline by its name: the operator's description in the folder ``own``, else the shipped one.

    Raises :class:`~safelight.errors.UsageError`, which says what to mend.
    """
    file = own / f"{name}.toml" if own is not None else None
    if file is not None and file.is_file():
        return _parsed(str(file), name, file.read_text(encoding="utf-8", errors="replace"))
    if name not in shipped():
        where = f", nor {file}" if file else ""
        raise UsageError(
            f"There is no description of a hotline called {name}: shipped are {', '.join(shipped())}{where}."
        )
    return _parsed(name, name, resources.files(__package__).joinpath(f"{name}.toml").read_text("utf-8"))


def _parsed(source: str, name: str, text: str) -> Guided:
    try:
        read = Guided.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"The hotline description {source} is not valid TOML: {error}") from None
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise UsageError(f"The hotline description {source} is not valid: {wrong}") from None
    if read.name != name:
        raise UsageError(f"{source} describes {read.name!r}; call the file {read.name}.toml.")
    return read
