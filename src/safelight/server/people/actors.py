"""Who acts: a person in a session, a key of the platform, or a process of the server itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from safelight.server.people.models import Person

if TYPE_CHECKING:
    from safelight.server.intake.models import ApiKey


@dataclass(frozen=True, slots=True)
class PersonActor:
    """A person. ``second_factor``: this very session was authenticated with one that they still have."""

    person: Person
    session_id: str
    second_factor: bool


@dataclass(frozen=True, slots=True)
class KeyActor:
    """A key of the platform; what it may send is bound to its surface. It has no permission of a person."""

    key: ApiKey


@dataclass(frozen=True, slots=True)
class SystemActor:
    """A process, named as in :mod:`safelight.server.processes`; ``terminal`` is who holds the machine."""

    process: str


Actor: TypeAlias = PersonActor | KeyActor | SystemActor
