"""One plain sentence for each item of evidence, for an analyst who is no technician.

No sentence says what a picture shows or that it *is* generated: each says what stands where, who vouches for
it, and what that is worth.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from safelight.provenance.evidence import Evidence, Kind
from safelight.types import Grade

NOTHING_FOUND: Final = "No evidence found; that says nothing either way."
"""For wherever an empty list is shown."""

_SOURCES: Final = {
    "trainedAlgorithmicMedia": "made by a generating system",
    "compositeWithTrainedAlgorithmicMedia": "partly made by a generating system",
    "algorithmicMedia": "made by a computer program without sample material",
    "algorithmicallyEnhanced": "a picture enhanced by a computer program",
    "digitalCapture": "a digital photograph",
    "computationalCapture": "a photograph put together by the camera",
    "negativeFilm": "a scan of a film negative",
    "positiveFilm": "a scan of a film positive",
    "print": "a scan of a print",
    "humanEdits": "edited by a person",
    "minorHumanEdits": "slightly edited by a person",
    "compositeCapture": "put together from photographs",
    "compositeSynthetic": "put together with synthetic parts",
    "composite": "put together from several parts",
    "digitalArt": "drawn by a person with a computer",
    "digitalCreation": "made by a person with a computer",
    "dataDrivenMedia": "made from data",
    "virtualRecording": "a recording of a virtual event",
    "screenCapture": "a screen capture",
    "softwareImage": "made by a person with software",
}


def summary(evidence: Evidence) -> str:
    """The sentence for one item. Details are quoted as the file states them."""
    return _SENTENCES[evidence.kind](evidence)


def _source_type(evidence: Evidence) -> str:
    return f"The file's own fields call it {_sources(evidence.detail)}; anybody can write such a field."


def _ai_fields(evidence: Evidence) -> str:
    named = f": {_program(evidence.detail)}" if evidence.detail.get("software") else ""
    return f"The file's own fields name a generating system{named}; anybody can write such a field."


def _generator(evidence: Evidence) -> str:
    program, model = _program(evidence.detail), _model(evidence.detail)
    return f"The file carries the fields that {program} writes{model}; they can be copied into any file."


def _aigc_label(evidence: Evidence) -> str:
    producer = f" by {evidence.detail['producer']}" if evidence.detail.get("producer") else ""
    return f"The file carries China's label for generated content{producer}; it is unsigned."


def _credit(evidence: Evidence) -> str:
    return f"The credit line reads “{evidence.detail.get('credit', '')}”; anybody can write such a line."


def _model_link(evidence: Evidence) -> str:
    listed = evidence.detail.get("list", "")
    return f"The file names a model that is on the list {listed}; such a name can be copied."


def _watermark(evidence: Evidence) -> str:
    program, certainty = evidence.detail.get("software", "a program"), evidence.detail.get("certainty", "")
    return (
        f"The pixels carry the invisible mark that {program} leaves{f' ({certainty})' if certainty else ''}; "
        "it is not signed, and can be put into any picture."
    )


def _camera(evidence: Evidence) -> str:
    detail = evidence.detail
    make, model = detail.get("make", ""), detail.get("model", "")
    named = model if make and model.lower().startswith(make.lower()) else f"{make} {model}".strip()
    when = f" with the time {detail['taken']}" if detail.get("taken") else ""
    return (
        f"The file carries the fields of a camera{f' ({named})' if named else ''}{when}; "
        "generated pictures can carry them too."
    )


def _editor(evidence: Evidence) -> str:
    return f"The file names {evidence.detail.get('software', 'a program')} as a program that saved it."


def _thumbnail(_evidence: Evidence) -> str:
    return "The small preview inside the file shows something else; one of the two may have been replaced."


def _unreadable(evidence: Evidence) -> str:
    if reason := evidence.detail.get("reason"):
        return f"Evidence of origin could not be looked for ({reason}); that none is shown says nothing."
    return "The file carries metadata that could not be read."


def _elsewhere(_evidence: Evidence) -> str:
    return "The file points to Content Credentials kept elsewhere; nobody went to look there."


def _content_credentials(evidence: Evidence) -> str:
    return _c2pa(evidence.grade, evidence.detail)


def _c2pa(grade: Grade, detail: dict[str, str]) -> str:
    if detail.get("validation") == "unreadable":
        return "The file carries Content Credentials that cannot be read any more."
    who = detail.get("signer") or detail.get("common_name") or "an unnamed signer"
    says = _says(detail)
    if "revoked" in detail.get("validation", ""):
        return f"{who} signed {says}, with a certificate that was revoked; that vouches for nothing."
    if grade is Grade.DAMAGED:
        return (
            f"The Content Credentials signed by {who} no longer fit the file: "
            "it or they were changed after signing."
        )
    if grade is Grade.VERIFIED:
        return f"{who}, a signer on the C2PA trust list, signed {says}."
    if detail.get("certificate") == "expired":
        doubt = "the signer's certificate had expired, so it vouches for little"
    elif detail.get("trust_list") == "interim":
        doubt = "the signer is on the older interim list only"
    else:
        doubt = "the signer is on no trust list, so the name may be anybody's"
    return f"{who} signed {says}; {doubt}."


def _says(detail: dict[str, str]) -> str:
    if detail.get("source_type"):
        return f"that the file is {_sources(detail)}"
    if detail.get("ingredient_source_type"):
        return f"that the file was made from something that is {_sources(detail, 'ingredient_source_type')}"
    return "the file's history, which names no kind of source"


def _sources(detail: dict[str, str], name: str = "source_type") -> str:
    codes = detail.get(name, "").split(", ")
    return " and ".join(_SOURCES.get(code, f"“{code}”") for code in codes)


def _program(detail: dict[str, str]) -> str:
    return " ".join(part for part in (detail.get("software", "a program"), detail.get("version", "")) if part)


def _model(detail: dict[str, str]) -> str:
    return f", with the model {detail['model']}" if detail.get("model") else ""


_SENTENCES: Final[dict[Kind, Callable[[Evidence], str]]] = {
    Kind.C2PA: _content_credentials,
    Kind.C2PA_REMOTE: _elsewhere,
    Kind.SOURCE_TYPE: _source_type,
    Kind.AI_FIELDS: _ai_fields,
    Kind.GENERATOR: _generator,
    Kind.AIGC_LABEL: _aigc_label,
    Kind.CREDIT: _credit,
    Kind.MODEL_LINK: _model_link,
    Kind.WATERMARK: _watermark,
    Kind.CAMERA: _camera,
    Kind.EDITOR: _editor,
    Kind.THUMBNAIL: _thumbnail,
    Kind.UNREADABLE: _unreadable,
}
