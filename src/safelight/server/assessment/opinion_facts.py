"""What is told of a file without its case: the same for the first person and for a blind second one."""

from __future__ import annotations

from dataclasses import dataclass

from safelight.errors import SafelightError
from safelight.scan.policy import is_exact
from safelight.server.intake.models import Item
from safelight.server.intake.record_keys import record_keys
from safelight.types import Provenance


@dataclass(frozen=True, slots=True)
class Known:
    """One match: of which list, how closely (None: equal digests), and what the list says of it."""

    list: str
    list_class: str
    distance: int | None
    classification: str


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What it is and what is known of it. ``says`` is why something is missing."""

    matches: tuple[Known, ...]
    provenance: tuple[Provenance, ...]
    examined: bool
    says: str


def file_facts(item: Item) -> FileFacts:
    """The facts of one file."""
    try:
        seen = record_keys().open_observation(item.pk, item.observation).observation
    except SafelightError as error:
        return FileFacts((), (), False, str(error))
    known = dict.fromkeys(
        Known(
            match.list,
            match.list_class.value,
            None if is_exact(match) else match.distance,
            match.classification or "",
        )
        for match in seen.matches
    )
    return FileFacts(tuple(known), seen.provenance, seen.provenance_examined, "")
