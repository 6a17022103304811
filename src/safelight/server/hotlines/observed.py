"""What a report may assert about files: what the viewing log and the assessment hold, asked here alone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from safelight.hotlines.codes import FileFlag
from safelight.hotlines.files import FileDetails
from safelight.server.cases.models import Case, Decision
from safelight.server.cases.viewing import has_viewed
from safelight.server.intake.models import Item

FROM_THE_ASSESSMENT = frozenset({FileFlag.GENERATIVE_AI, FileFlag.DRAWING, FileFlag.INFANT})
"""Annotations that nobody sets by hand: they are the assessment's."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Whether a person saw the whole file, and whether one was shown its metadata."""

    whole: bool
    metadata: bool

    @property
    def metadata_alone(self) -> bool:
        """Then nothing is stated of either: the hotline takes no metadata viewed without the file."""
        return self.metadata and not self.whole


def seen(item: Item, cases: Collection[Case]) -> Seen:
    """What the viewing log has about a file in these cases."""
    decided = Decision.objects.filter(case__in=cases, occurrence__item=item, person__isnull=False)
    whole = any(has_viewed(one.person, item) for one in decided.select_related("person") if one.person)
    return Seen(whole, metadata=False)


def with_what_was_observed(details: FileDetails, item: Item, cases: Collection[Case]) -> FileDetails:
    """The same details with the statements that are not a person's to make: about viewing, and about origin.

    What nobody observed is left out, never denied.
    """
    log = seen(item, cases)
    return replace(
        details,
        viewed_by_esp=True if log.whole else None,
        exif_viewed_by_esp=True if log.whole and log.metadata else None,
        annotations=(details.annotations - FROM_THE_ASSESSMENT) | assessed(item, cases),
    )


def assessed(_item: Item, _cases: Collection[Case]) -> frozenset[FileFlag]:
    """What the assessment says of a file, in the hotline's words; nothing while nobody has assessed it."""
    return frozenset()
