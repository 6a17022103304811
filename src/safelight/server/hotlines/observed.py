"""What a report may assert about files: what the viewing log and the assessment hold, asked here alone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

from safelight.assessment.axes import AgeBand, Appearance, Assessment, Origin, SchemeId
from safelight.assessment.schemes import derive
from safelight.hotlines.codes import FileFlag, IndustryClassification
from safelight.hotlines.files import FileDetails
from safelight.server.assessment.loading import schemes
from safelight.server.assessment.services import current
from safelight.server.cases.models import Case
from safelight.server.intake.models import Item
from safelight.server.review.viewing import has_viewed_whole, metadata_seen

_INDUSTRY: Final = SchemeId("industry")

FROM_THE_ASSESSMENT: Final = frozenset({FileFlag.GENERATIVE_AI, FileFlag.DRAWING, FileFlag.INFANT})
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
    return Seen(
        whole=any(has_viewed_whole(item.pk, case=case) for case in cases),
        metadata=any(metadata_seen(item.pk, case=case) for case in cases),
    )


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


def assessed(item: Item, cases: Collection[Case]) -> frozenset[FileFlag]:
    """What the assessment says of a file, in the hotline's words; nothing while nobody has assessed it."""
    found = set()
    for told in _assessments(item, cases):
        if told.origin is Origin.GENERATED:
            found.add(FileFlag.GENERATIVE_AI)
        if told.appearance is Appearance.NON_PHOTOGRAPHIC:
            found.add(FileFlag.DRAWING)
        if told.age is AgeBand.AGE_0_2:
            found.add(FileFlag.INFANT)
    return frozenset(found)


def industry_class(item: Item, cases: Collection[Case]) -> IndustryClassification | None:
    """The industry's code, as the assessment has it; None where there is none, or two that differ."""
    codes = {derive(told, schemes()).get(_INDUSTRY) for told in _assessments(item, cases)} - {None}
    return IndustryClassification(str(codes.pop())) if len(codes) == 1 else None


def _assessments(item: Item, cases: Collection[Case]) -> list[Assessment]:
    return [told for case in cases if (told := current(case, item)) is not None]
