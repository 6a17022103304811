"""The form of an assessment: what was sent as answers, and the questions with what is known already."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import QueryDict

from safelight.assessment.axes import AXES, Assessment, read
from safelight.assessment.schemes import Scheme, asked, derive
from safelight.server.assessment.loading import schemes
from safelight.server.assessment.prefill import Prefilled
from safelight.server.assessment.words import Answer, Question, bases, questions

_CODE = "code_"


@dataclass(frozen=True, slots=True)
class CodeAsked:
    """A scheme as the form shows it: the code that follows from the answers, or the codes to choose from."""

    id: str
    title: str
    follows: str
    label: str
    choices: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """The questions of one assessment. ``lists`` are those whose facts were taken over."""

    questions: tuple[Question, ...]
    bases: tuple[Answer, ...]
    codes: tuple[CodeAsked, ...]
    lists: tuple[str, ...]
    note: str


def form_of(told: Assessment, known: Prefilled, note: str = "") -> Form:
    """The form with these answers chosen; those that a list gave are marked while they are as it says."""
    kept = frozenset(axis for axis in known.axes if getattr(known.told, axis) == getattr(told, axis))
    open_ = {scheme.id for scheme in asked(told, schemes())}
    codes = derive(told, schemes())
    return Form(
        questions(told, kept),
        bases(told),
        tuple(_code(scheme, told, codes[scheme.id] or "", asks=scheme.id in open_) for scheme in schemes()),
        known.lists if kept else (),
        note,
    )


def answers_in(said: QueryDict) -> Assessment:
    """The answers that were sent; what was left out is undetermined.

    Raises :class:`~safelight.errors.UsageError` for answers that contradict each other.
    """
    codes = {scheme.id: str(code) for scheme in schemes() if (code := said.get(_CODE + scheme.id))}
    told = {axis: str(value) for axis in AXES if (value := said.get(axis))}
    return read(told, basis=frozenset(map(str, said.getlist("origin_basis"))), **codes)


def not_answered(told: Assessment) -> tuple[Scheme, ...]:
    """The schemes whose code neither follows nor was given."""
    return tuple(scheme for scheme in asked(told, schemes()) if scheme.id not in told.answered)


def _code(scheme: Scheme, told: Assessment, code: str, *, asks: bool) -> CodeAsked:
    chosen = told.answered.get(scheme.id, "")
    return CodeAsked(
        scheme.id,
        scheme.title,
        "" if asks else code,
        scheme.codes.get(code, "") if code in scheme.codes else "",  # type: ignore[call-overload]
        tuple(Answer(one, label, "", one == chosen) for one, label in scheme.codes.items()) if asks else (),
    )
