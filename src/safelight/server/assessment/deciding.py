"""Deciding about a file with what was found in it, and suggesting it for a list."""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from safelight.server.assessment.errors import AssessmentError
from safelight.server.assessment.events import Event
from safelight.server.assessment.models import Suggestion
from safelight.server.cases.decisions import decide, supersede
from safelight.server.cases.errors import NotInCase
from safelight.server.cases.models import Case, Decision
from safelight.server.cases.services import standing_decisions
from safelight.server.ids import now
from safelight.server.intake.models import Item, Occurrence
from safelight.server.ledger.services import record
from safelight.server.people.actors import PersonActor

OUTCOMES: Final[dict[str, Decision.Outcome]] = {
    "confirm": Decision.Outcome.CONFIRMED,
    "dismiss": Decision.Outcome.DISMISSED,
    "escalate": Decision.Outcome.ESCALATED,
    "ask": Decision.Outcome.ASKED,
    "hold": Decision.Outcome.HELD,
}
"""What the forms call each."""
_SUGGESTED: Final = {
    Decision.Outcome.CONFIRMED: Suggestion.Kind.OWN,
    Decision.Outcome.DISMISSED: Suggestion.Kind.KNOWN_GOOD,
}


def decide_place(
    actor: PersonActor, case: Case, place: Occurrence, outcome: Decision.Outcome, reason: str
) -> Decision:
    """Decide about one place, or put another decision over the one that stands. Raises as those do."""
    before = standing_decisions().filter(occurrence=place).first()
    if before is None:
        return decide(actor, case, place, outcome, reason=reason)
    return supersede(actor, before, outcome, reason)


def decide_item(
    actor: PersonActor,
    case: Case,
    item: Item,
    outcome: Decision.Outcome,
    *,
    reason: str = "",
    suggest: bool = False,
) -> Decision:
    """Decide about a file where it was first found in the case; its other places follow by a confirmation.

    ``suggest`` a confirmed file for an own list, or a dismissed one for a list of known good ones: list
    managers take that up, and another person approves it.
    """
    place = Occurrence.objects.filter(item=item, membership__case=case).order_by("pk").first()
    if place is None:
        raise NotInCase(_("This is not part of the case."))
    with transaction.atomic():
        made = decide_place(actor, case, place, outcome, reason)
        if suggest:
            _suggest(actor, made)
    return made


def _suggest(actor: PersonActor, decision: Decision) -> None:
    kind = _SUGGESTED.get(Decision.Outcome(decision.outcome))
    item = decision.occurrence.item
    if kind is None or item is None:
        raise AssessmentError(_("Only what is confirmed or dismissed can be suggested for a list."))
    made, new = Suggestion.objects.get_or_create(
        item=item,
        kind=kind,
        state=Suggestion.State.OPEN,
        defaults={"decision": decision, "person": actor.person, "at": now()},
    )
    if new:
        record(
            Event.LISTING_SUGGESTED,
            actor,
            subject=item.pk,
            payload={"suggestion": str(made.pk), "kind": kind.value, "decision": str(decision.pk)},
        )
