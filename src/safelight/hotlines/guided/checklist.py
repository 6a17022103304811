"""A report as a checklist for a person at a form: what to copy where, what is missing, what is too long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from safelight.hotlines.files import FileDetails
from safelight.hotlines.findings import Finding
from safelight.hotlines.guided.description import Guided, GuidedField
from safelight.hotlines.guided.facts import text_of
from safelight.hotlines.model import Report


@dataclass(frozen=True, slots=True)
class Line:
    """One field of the form and what to copy into it; empty where the report knows nothing of it."""

    field: GuidedField
    text: str

    @property
    def too_long(self) -> bool:
        """Whether the form takes less."""
        return self.field.most is not None and len(self.text) > self.field.most


@dataclass(frozen=True, slots=True)
class Checklist:
    """The form's fields in its order. ``score`` is 0-100: the share of those that can be filled and are."""

    lines: tuple[Line, ...]
    score: int

    def findings(self) -> tuple[Finding, ...]:
        """What the form would not take as it is."""
        found = []
        for line in self.lines:
            if line.field.needed and not line.text:
                found.append(
                    Finding("form-needs", line.field.name, f"The form asks for this: {line.field.title}.")
                )
            if line.too_long:
                says = (
                    f"{line.field.title} has {len(line.text)} characters; the form takes {line.field.most}."
                )
                found.append(Finding("form-too-long", line.field.name, says))
        return tuple(found)


def checklist(hotline: Guided, report: Report, files: Sequence[FileDetails] = ()) -> Checklist:
    """What a person copies into the form of a hotline."""
    lines = tuple(
        Line(field, text_of(field.fact, report, files) if field.fact else "") for field in hotline.fields
    )
    asked = [line for line in lines if line.field.fact is not None]
    filled = sum(1 for line in asked if line.text)
    return Checklist(lines, filled * 100 // len(asked) if asked else 100)
