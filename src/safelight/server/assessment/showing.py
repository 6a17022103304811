"""An assessment as it is read: answers in words, the codes, who gave it in which turn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from safelight.assessment.axes import AXES, UNDETERMINED
from safelight.server.assessment.loading import schemes
from safelight.server.assessment.models import Opinion, StoredAssessment
from safelight.server.assessment.services import family, standing
from safelight.server.assessment.words import TITLES, answer_in_words
from safelight.server.cases.models import Case
from safelight.server.intake.models import Item
from safelight.server.people.actors import PersonActor
from safelight.server.people.permissions import permissions_of
from safelight.server.people.roles import Permission


@dataclass(frozen=True, slots=True)
class Line:
    """One question with its answer; ``known`` from a list."""

    title: str
    answer: str
    known: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """One assessment. ``lines`` are the answers that are not undetermined."""

    role: str
    who: str
    at: datetime
    lines: tuple[Line, ...]
    codes: tuple[tuple[str, str], ...]


def shown(stored: StoredAssessment) -> Shown:
    """It, in words."""
    titles = {scheme.id: scheme.title for scheme in schemes()}
    lines = [
        Line(str(TITLES[axis]), answer_in_words(axis, value), axis in stored.prefilled)
        for axis in AXES
        if (value := getattr(stored, axis)) != UNDETERMINED
    ]
    lines += [
        Line(
            str(TITLES["origin_basis"]),
            answer_in_words("origin_basis", one),
            "origin_basis" in stored.prefilled,
        )
        for one in stored.origin_basis
    ]
    codes = tuple((titles.get(scheme, scheme), told["code"]) for scheme, told in stored.codes.items())
    return Shown(stored.role, str(stored.person), stored.at, tuple(lines), codes)


@dataclass(frozen=True, slots=True)
class OnCase:
    """What a case's page tells of the assessments of one file. ``hidden``: a blind opinion is still out."""

    given: tuple[Shown, ...]
    hidden: bool
    open_opinions: tuple[Opinion, ...]


def on_case(actor: PersonActor, case: Case, item: Item) -> OnCase:
    """For who may read the case. Reviewers who have not answered see nothing while it is to be blind."""
    opinions = Opinion.objects.filter(case__in=family(case), item=item)
    open_ = opinions.filter(state__in=[Opinion.State.WAITING, Opinion.State.TAKEN])
    given = standing(case, item)
    blind = open_.filter(kind=Opinion.Kind.BLIND).exists()
    might = Permission.CASE_TAKE in permissions_of(actor.person)
    if blind and might and not given.filter(person=actor.person).exists():
        return OnCase((), True, tuple(open_))
    return OnCase(
        tuple(shown(one) for one in given.select_related("person").order_by("at")), False, tuple(open_)
    )
