"""What an occurrence's verdict means: a case, nothing, or that an earlier dismissal covers it."""

from __future__ import annotations

from uuid import UUID

from safelight.server.cases.decisions import confirm_by_policy
from safelight.server.cases.models import Settled
from safelight.server.cases.services import open_or_extend, settling_dismissal
from safelight.server.ids import now
from safelight.server.intake.arrivals import TOLD_BY_SOMEBODY
from safelight.server.intake.events import Event
from safelight.server.intake.models import Intake, Occurrence
from safelight.server.intake.priorities import priority_of
from safelight.server.ledger.services import record
from safelight.server.people.actors import Actor
from safelight.types import Outcome, ScanResult


def make_matter(occurrence: Occurrence, result: ScanResult | None, actor: Actor) -> UUID | None:
    """Open or extend a case, in the caller's transaction, where there is reason to; its id.

    What somebody told, and every text and address, makes a case whatever the verdict is.
    """
    kind = Intake.Kind(occurrence.intake.kind)
    told = kind in TOLD_BY_SOMEBODY
    verdict = result.verdict if result else None
    if verdict is not None and not told and verdict.outcome not in (Outcome.MATCH, Outcome.HOLD):
        return None
    if not told and _settled(occurrence, actor):
        return None
    matches = result.observation.matches if result else ()
    case = open_or_extend(occurrence, priority_of(kind, verdict, matches), actor)
    if verdict is not None and verdict.outcome is Outcome.MATCH:
        confirm_by_policy(case, occurrence)
    return case.pk


def _settled(occurrence: Occurrence, actor: Actor) -> bool:
    """Note that a dismissal covers this one, where one does; somebody's report is never covered."""
    dismissal = settling_dismissal(occurrence)
    if dismissal is None:
        return False
    # Another dismissal may have covered it before it matched what it matches now.
    Settled.objects.update_or_create(occurrence=occurrence, defaults={"decision": dismissal, "at": now()})
    record(Event.OCCURRENCE_SETTLED, actor, subject=occurrence.pk, payload={"decision": str(dismissal.pk)})
    return True
