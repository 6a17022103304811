"""The questions and answers of an assessment as people read them: the neutral words of the law."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from safelight.assessment.axes import AXES, UNDETERMINED, Assessment, Basis


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; ``key`` is the digit that chooses it while its question has the focus."""

    value: str
    label: Promise | str
    key: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Question:
    """One axis. ``known`` says that the answer comes from a trusted list."""

    name: str
    title: Promise | str
    answers: tuple[Answer, ...]
    known: bool


TITLES: Final[dict[str, Promise]] = {
    "outcome": _("What is it, in your judgement?"),
    "certainty": _("How sure are you?"),
    "severity": _("Act class, the most severe that is depicted"),
    "age": _("Apparent age of the youngest, in years"),
    "number": _("Children depicted"),
    "sex": _("Sex, as the field records it"),
    "appearance": _("Appearance"),
    "origin": _("How it came to be"),
    "origin_certainty": _("How sure is that?"),
    "real_child": _("Is a real child depicted?"),
    "origin_basis": _("What that rests on"),
}

_SURE: Final[dict[str, Promise | str]] = {
    "certain": _("certain"),
    "probable": _("probable"),
    "possible": _("possible"),
}
LABELS: Final[dict[str, dict[str, Promise | str]]] = {
    "outcome": {
        "unlawful": _("apparently unlawful"),
        "not_unlawful": _("not unlawful"),
        "beyond_expertise": _("beyond my expertise: a senior answers"),
    },
    "certainty": _SURE,
    "severity": {
        "penetrative": _("penetrative activity, or what the law ranks with it"),
        "non_penetrative": _("non-penetrative activity"),
        "exhibition": _("lascivious exhibition without activity"),
        "other_indecent": _("indecent otherwise"),
        "none": _("none of these"),
    },
    "age": {
        "0-2": "0-2",
        "3-6": "3-6",
        "7-10": "7-10",
        "11-13": "11-13",
        "14-15": "14-15",
        "16-17": "16-17",
        "adult": _("adult"),
    },
    "number": {
        "one": _("one"),
        "two": _("two"),
        "three_or_more": _("three or more"),
        "none": _("none"),
    },
    "sex": {"girls": _("girls"), "boys": _("boys"), "both": _("both"), UNDETERMINED: _("unidentified")},
    "appearance": {
        "realistic": _("realistic: would be taken for a photograph or film"),
        "non_photographic": _("non-photographic"),
    },
    "origin": {
        "captured": _("captured by a camera"),
        "altered": _("a real image, altered"),
        "generated": _("generated"),
    },
    "origin_certainty": _SURE,
    "real_child": {
        "identified": _("yes, identified"),
        "no_indication": _("no indication"),
        UNDETERMINED: _("unknown"),
    },
    "origin_basis": {
        "list": _("a list says so"),
        "verified_provenance": _("verified provenance"),
        "claimed_metadata": _("metadata that anybody can write"),
        "watermark": _("a watermark"),
        "analyst": _("my own judgement"),
    },
    "kind": {
        "second": _("second opinion"),
        "blind": _("blind second opinion"),
        "senior": _("a senior decides"),
    },
    "step": {
        "decision": _("the decision"),
        "restore": _("the platform is told to restore it"),
        "hotline": _("a correction to the hotline, citing the report's number"),
        "exception": _("the same file opens no case again"),
        "feedback": _("negative feedback to the source of the list"),
        "figures": _("the figures"),
    },
    "state": {"waiting": _("waits for a person"), "done": _("done"), "not_needed": _("not needed")},
    "how": {
        "": _("the same bytes"),
        "picture": _("a near picture"),
        "video": _("a video with the same frames"),
        "model": _("a model with the same weights"),
        "sound": _("the same sound"),
        "frame": _("a picture of one is in the other"),
    },
    "role": {"first": _("first"), "second": _("second"), "senior": _("senior")},
}
"""By axis, then by the stored value; *undetermined* reads so where it is not named."""


def answer_in_words(axis: str, value: str) -> str:
    """An answer as people read it."""
    told = LABELS.get(axis, {}).get(value)
    return str(_("undetermined") if told is None and value == UNDETERMINED else told or value)


def questions(told: Assessment, known: frozenset[str] = frozenset()) -> tuple[Question, ...]:
    """Every axis with the answers of ``told`` chosen. *Undetermined* is the digit 0 everywhere."""
    return tuple(
        Question(
            name,
            TITLES[name],
            tuple(
                Answer(
                    answer.value,
                    answer_in_words(name, answer.value),
                    "0" if answer.value == UNDETERMINED else str(number),
                    told.axis(name) == answer,
                )
                for number, answer in enumerate(axis, 1)
            ),
            name in known,
        )
        for name, axis in AXES.items()
    )


def bases(told: Assessment) -> tuple[Answer, ...]:
    """What a finding about the origin may rest on, with those of ``told`` chosen."""
    return tuple(
        Answer(basis.value, answer_in_words("origin_basis", basis.value), "", basis in told.origin_basis)
        for basis in Basis
    )
