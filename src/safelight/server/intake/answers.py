"""What an arrival is answered, and what an earlier one of the same idempotency key was answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from safelight.server.cases.models import CaseOccurrence
from safelight.server.intake.arrivals import Arrival
from safelight.server.intake.errors import KeyReused
from safelight.server.intake.models import Intake
from safelight.server.people.actors import KeyActor
from safelight.types import Outcome, UnhashableReason, UnscannedReason, Verdict


@dataclass(frozen=True, slots=True)
class Received:
    """What became of an arrival. ``verdict`` is None for texts and URLs, which are not scanned.

    An id is None where no such record was written; all of them where nothing was permitted.
    """

    verdict: Verdict | None
    intake_id: UUID | None = None
    item_id: UUID | None = None
    occurrence_id: UUID | None = None
    case_id: UUID | None = None


NOT_PERMITTED: Final = Received(
    Verdict(Outcome.UNSCANNED, "not-permitted", reason=UnscannedReason.NOT_PERMITTED)
)


def earlier_answer(arrival: Arrival, tags: Callable[[], Sequence[bytes]]) -> Received | None:
    """What this idempotency key was answered before, if it was. ``tags`` are the content's now.

    Raises :class:`KeyReused` where it was given for something else.
    """
    if arrival.idempotency_key is None or not isinstance(arrival.actor, KeyActor):
        return None
    intake = Intake.objects.filter(key=arrival.actor.key, idempotency_key=arrival.idempotency_key).first()
    if intake is None:
        return None
    occurrence = intake.occurrences.select_related("item").first()
    if intake.kind != arrival.kind:
        raise _reused()
    if occurrence is None:
        return Received(verdict_of(intake), intake.pk)
    known = occurrence.item.tag if occurrence.item else occurrence.content_tag
    if known is None or bytes(known) not in tags():
        raise _reused()
    membership = CaseOccurrence.objects.filter(occurrence=occurrence).first()
    return Received(
        verdict_of(intake),
        intake.pk,
        occurrence.item_id,
        occurrence.pk,
        membership.case_id if membership else None,
    )


def verdict_of(intake: Intake) -> Verdict | None:
    """The verdict as it stands; None for texts and URLs."""
    if not intake.outcome:
        return None
    return Verdict(
        Outcome(intake.outcome),
        intake.rule,
        UnscannedReason(intake.reason) if intake.reason else None,
        UnhashableReason(intake.limited) if intake.limited else None,
    )


def _reused() -> KeyReused:
    return KeyReused("This idempotency key was used before for something else. Use a new one.")
