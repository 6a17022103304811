"""One item of evidence as the sandboxed reader tells it, and the names of its details.

The reader says what it saw under fixed names; the sentence that a person reads is made from them outside the
sandbox, so that no file can put words into our mouth.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from safelight.types import Grade


class Kind(StrEnum):
    """What sort of evidence it is."""

    C2PA = "c2pa"
    """A signed C2PA manifest (Content Credentials)."""
    C2PA_REMOTE = "c2pa_remote"
    """The file names a manifest that is kept elsewhere. Nobody went there."""
    SOURCE_TYPE = "source_type"
    """IPTC's DigitalSourceType in the file's own fields."""
    AI_FIELDS = "ai_fields"
    """IPTC's fields about a generating system (2025.1)."""
    GENERATOR = "generator"
    """The fields that a generating program writes."""
    AIGC_LABEL = "aigc_label"
    """The label of China's standard GB 45438-2025."""
    CREDIT = "credit"
    """A credit line that names a generating service."""
    MODEL_LINK = "model_link"
    """A model that the file names is on a list of models."""
    WATERMARK = "watermark"
    """An invisible mark that was decoded from the pixels."""
    CAMERA = "camera"
    """What a camera writes into its pictures."""
    EDITOR = "editor"
    """A program that the picture was edited or exported with."""
    THUMBNAIL = "thumbnail"
    """The embedded preview shows something else than the picture."""
    UNREADABLE = "unreadable"
    """Metadata is there and could not be read."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One item: its kind, its grade, and what was seen, by the names that the documentation lists."""

    kind: Kind
    grade: Grade
    detail: dict[str, str] = field(default_factory=dict)


def told(**detail: object) -> dict[str, str]:
    """The details that have something to tell, as text."""
    return {name: text for name, value in detail.items() if (text := str(value or "").strip())}


def joined(values: Iterable[str], *, most: int = 20) -> str:
    """Several values in one text, each once and in order."""
    return ", ".join(list(dict.fromkeys(value for value in values if value))[:most])
