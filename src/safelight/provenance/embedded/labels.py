"""The labels that standards ask for: IPTC's source type and AI fields, China's AIGC label, credit lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from safelight.provenance.embedded.generators import parsed
from safelight.provenance.embedded.metadata import Metadata
from safelight.provenance.evidence import Evidence, Kind, joined, told
from safelight.types import Grade

_IPTC: Final = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_PHOTOSHOP: Final = "http://ns.adobe.com/photoshop/1.0/"
_TC260: Final = "http://www.tc260.org.cn/ns/AIGC/1.0/"

SOURCE_TYPES: Final = "digitalsourcetype/"
"""IPTC's NewsCodes URI ends ``/newscodes/digitalsourcetype/`` and the code."""


def source_type(value: str) -> str:
    """The code at the end of IPTC's URI, or the value itself where it is a bare code."""
    return value.rpartition(SOURCE_TYPES)[2].strip().strip("/")[:80]


def labels(metadata: Metadata, *, prompts: bool = False) -> Iterator[Evidence]:
    """Every label in the metadata, as claimed. ``prompts``: take IPTC's prompt field along."""
    if codes := joined(map(source_type, metadata.xmp_values(_IPTC, "DigitalSourceType"))):
        yield Evidence(Kind.SOURCE_TYPE, Grade.CLAIMED, told(source_type=codes))
    fields = told(
        software=joined(metadata.xmp_values(_IPTC, "AISystemUsed")),
        version=joined(metadata.xmp_values(_IPTC, "AISystemVersionUsed")),
        prompt_writer=joined(metadata.xmp_values(_IPTC, "AIPromptWriterName")),
        prompt=joined(metadata.xmp_values(_IPTC, "AIPromptInformation")) if prompts else "",
    )
    if fields or metadata.xmp_values(_IPTC, "AIPromptInformation"):
        yield Evidence(Kind.AI_FIELDS, Grade.CLAIMED, fields)
    credits_ = [
        *metadata.xmp_values(_PHOTOSHOP, "Credit"),
        *(t for k, t in metadata.texts if k == "iptc:2:110"),
    ]
    if line := joined(text for text in credits_ if "google ai" in text.lower()):
        yield Evidence(Kind.CREDIT, Grade.CLAIMED, told(credit=line))
    yield from _aigc(metadata)


def _aigc(metadata: Metadata) -> Iterator[Evidence]:
    texts = [text for key, text in metadata.texts if key in ("AIGC", "TC260:AIGC")]
    texts += metadata.xmp_values(_TC260, "AIGC")
    texts += [text for key, text in metadata.texts if key == "UserComment" and '"AIGC"' in text[:200]]
    for text in texts:
        label: Any = parsed(text)
        if isinstance(label, dict):
            label = label.get("AIGC", label)
        if isinstance(label, str):
            label = parsed(label)
        if not isinstance(label, dict):
            continue
        yield Evidence(
            Kind.AIGC_LABEL,
            Grade.CLAIMED,
            told(
                label=label.get("Label"),
                producer=label.get("ContentProducer"),
                job_id=label.get("ProduceID"),
                propagator=label.get("ContentPropagator"),
                signature="present" if label.get("ReservedCode1") else "",
            ),
        )
        return
