"""How well people agree, axis by axis: counted over blind opinions only, for who saw an answer repeats it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from safelight.assessment.agreement import Agreement, cohens_kappa
from safelight.assessment.axes import AXES, DECISIVE
from safelight.server.assessment.models import Opinion, StoredAssessment
from safelight.server.assessment.services import family
from safelight.server.assessment.words import TITLES
from safelight.server.people.actors import Actor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission


@dataclass(frozen=True, slots=True)
class AxisAgreement:
    """One axis; ``decisive``: a difference on it brings a senior. ``found`` is None without any pair."""

    axis: str
    title: str
    decisive: bool
    found: Agreement | None


def agreement(actor: Actor) -> tuple[AxisAgreement, ...]:
    """Every axis, over all pairs of a first and a blind answer about the same file. Nobody is named."""
    require(actor, Permission.FIGURES_READ)
    pairs = list(_pairs())
    return tuple(
        AxisAgreement(
            axis,
            str(TITLES[axis]),
            axis in DECISIVE,
            cohens_kappa((getattr(one, axis), getattr(other, axis)) for one, other in pairs),
        )
        for axis in AXES
    )


def _pairs() -> Iterator[tuple[StoredAssessment, StoredAssessment]]:
    given = Opinion.objects.filter(kind=Opinion.Kind.BLIND, assessment__alone=True, turn=2)
    for opinion in given.select_related("assessment", "case").order_by("pk"):
        other = opinion.assessment
        assert other is not None  # a constraint says so
        first = (
            StoredAssessment.objects.filter(
                role=StoredAssessment.Role.FIRST,
                case__in=family(opinion.case),
                item=opinion.item_id,
                at__lte=other.at,
            )
            .order_by("-at", "-pk")
            .first()
        )
        if first is not None:
            yield first, other
