"""Decisions: made once an occurrence, never edited, superseded by a later one that says why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from safelight.server.cases import announcing
from safelight.server.cases.errors import (
    AlreadyDecided,
    MustBeViewed,
    NotHashConfirmed,
    NotInCase,
    ReasonNeeded,
)
from safelight.server.cases.events import Event
from safelight.server.cases.hash_confirmed import hash_confirmed, matches_of
from safelight.server.cases.models import Case, Decision
from safelight.server.cases.services import locked_unfinished, state_by_decisions
from safelight.server.cases.viewing import has_viewed
from safelight.server.ids import now
from safelight.server.intake.models import Occurrence
from safelight.server.ledger.services import record
from safelight.server.people.actors import Actor, PersonActor, SystemActor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission

POLICY: Final = SystemActor("policy")
"""The operator's written policy, where it decides by itself."""
POLICY_RULE: Final = "cases.confirm_lists"
EQUAL_FILE: Final = Decision.Basis.EQUAL_FILE

BEFORE_DECIDING: Final[list[Callable[[Actor, Case, Occurrence, Decision.Outcome], None]]] = []
"""Called in the transaction before anything is decided, answers to complaints excepted; raises to refuse."""


def decide(
    actor: Actor,
    case: Case,
    occurrence: Occurrence,
    outcome: Decision.Outcome,
    *,
    reason: str = "",
    policy_rule: str = "",
) -> Decision:
    """Decide about one occurrence of a case: a person, or the operator's written policy by a named rule.

    A person who does anything but confirm says why. Unseen, the policy confirms only what a list that it
    names confirms by hash, and a person what any abuse list does. Raises :class:`CaseFinished`,
    :class:`NotInCase`, :class:`AlreadyDecided`, :class:`ReasonNeeded`, :class:`MustBeViewed` and
    :class:`NotHashConfirmed`.
    """
    require(actor, Permission.DECISION_MAKE, case=case)
    if isinstance(actor, PersonActor) and outcome != Decision.Outcome.CONFIRMED and not reason.strip():
        raise ReasonNeeded(_("Say why: who looks at this later needs a reason."))
    with transaction.atomic():
        locked = locked_unfinished(case)
        if not locked.members.filter(occurrence=occurrence).exists():
            raise NotInCase(_("This is not part of the case."))
        _ask_before(actor, locked, occurrence, outcome)
        decision = Decision(occurrence=occurrence, outcome=outcome)
        return _write(actor, locked, decision, reason, policy_rule)


def confirm_by_policy(case: Case, occurrence: Occurrence) -> Decision | None:
    """Confirm what the operator's policy says may be confirmed unseen, as it arrives; None for all else.

    Runs in the transaction in which the occurrence joined its case.
    """
    named = settings.CONFIG.cases.confirm_lists
    if not named or occurrence.item is None or not hash_confirmed(matches_of(occurrence.item), named):
        return None
    return decide(POLICY, case, occurrence, Decision.Outcome.CONFIRMED, policy_rule=POLICY_RULE)


def supersede(
    actor: Actor,
    decision: Decision,
    outcome: Decision.Outcome,
    reason: str,
    *,
    in_case: Case | None = None,
    policy_rule: str = "",
) -> Decision:
    """Put another decision in place of the latest one, and say why. The earlier one stays as it was.

    It is made in the case that the occurrence is in now; where that is finished, ``in_case`` is the
    unfinished one that follows it or is of the same account. Raises as :func:`decide` does.
    """
    case = decision.occurrence.membership.case if in_case is None else in_case
    require(actor, Permission.DECISION_MAKE, case=case)
    with transaction.atomic():
        _ask_before(actor, locked_unfinished(case), decision.occurrence, outcome)
        return write_superseding(actor, decision, outcome, reason, case, policy_rule=policy_rule)


def write_superseding(
    actor: Actor,
    decision: Decision,
    outcome: Decision.Outcome,
    reason: str,
    case: Case,
    *,
    policy_rule: str = "",
) -> Decision:
    """As :func:`supersede`, for services that have asked for a permission of their own."""
    if not reason.strip():
        raise ReasonNeeded(_("Say why the earlier decision no longer stands."))
    with transaction.atomic():
        locked = locked_unfinished(case)
        there = decision.occurrence.membership.case
        if there.pk != case.pk and not _takes_up(case, there):
            raise NotInCase(_("Decide this in the case that follows the earlier one."))
        later = Decision(occurrence=decision.occurrence, outcome=outcome, supersedes=decision)
        return _write(actor, locked, later, reason, policy_rule)


def follow_equal(actor: PersonActor, lead: Decision, occurrence: Occurrence) -> Decision:
    """Decide about a file as about one with the same bytes, for a service that had the places confirmed.

    The other's case is the person's own, or nobody's. Raises :class:`CaseFinished`, :class:`AlreadyDecided`.
    """
    require(actor, Permission.DECISION_MAKE, case=lead.case)
    if occurrence.item_id is None or occurrence.item_id != lead.occurrence.item_id:
        raise NotInCase(_("This is another file."))
    here = Case.objects.get(members__occurrence=occurrence)
    basis = lead.basis if here.pk == lead.case_id or lead.basis != Decision.Basis.VIEWED else EQUAL_FILE
    return _follow(actor, lead, occurrence, here, Decision.Basis(basis))


def follow_near(actor: PersonActor, lead: Decision, occurrence: Occurrence) -> Decision:
    """Decide about a near file as about the one it is near to, for a service that knows that it was shown."""
    here = Case.objects.get(members__occurrence=occurrence)
    require(actor, Permission.DECISION_MAKE, case=here)
    _ask_before(actor, here, occurrence, Decision.Outcome(lead.outcome))
    item = occurrence.item
    viewed = item is not None and has_viewed(actor.person, item, here)
    basis = Decision.Basis.VIEWED if viewed else Decision.Basis.SHOWN_NEAR
    return _follow(actor, lead, occurrence, here, basis)


def _follow(
    actor: PersonActor, lead: Decision, occurrence: Occurrence, case: Case, basis: Decision.Basis
) -> Decision:
    with transaction.atomic():
        locked = locked_unfinished(case)
        if locked.assigned_to_id not in {None, actor.person.pk}:
            raise NotInCase(_("Somebody else has that case."))
        before = Decision.objects.filter(occurrence=occurrence, superseded_by=None).first()
        made = Decision(occurrence=occurrence, outcome=lead.outcome, supersedes=before)
        reason = lead.reason or _("As decided about the same or a near file.")
        return _write(actor, locked, made, reason, "", basis=basis)


def _ask_before(actor: Actor, case: Case, occurrence: Occurrence, outcome: Decision.Outcome) -> None:
    for ask in BEFORE_DECIDING:
        ask(actor, case, occurrence, outcome)


def _takes_up(case: Case, earlier: Case) -> bool:
    if earlier.state != Case.State.FINISHED:
        return False
    return case.follows_id == earlier.pk or (
        case.account_id is not None and case.account_id == earlier.account_id
    )


def _basis(actor: Actor, decision: Decision) -> Decision.Basis:
    """What the decision rests on. Raises :class:`MustBeViewed` and :class:`NotHashConfirmed`."""
    item = decision.occurrence.item
    confirms = decision.outcome == Decision.Outcome.CONFIRMED
    if not isinstance(actor, PersonActor):
        if confirms and (
            item is None or not hash_confirmed(matches_of(item), settings.CONFIG.cases.confirm_lists)
        ):
            raise NotHashConfirmed(
                _("Policy confirms only what a list of cases.confirm_lists holds by equal digests.")
            )
        return Decision.Basis.HASH_CONFIRMED if confirms else Decision.Basis.WITHOUT_VIEWING
    if item is not None and has_viewed(actor.person, item, decision.case):
        return Decision.Basis.VIEWED
    if item is not None and confirms:
        if not hash_confirmed(matches_of(item)):
            raise MustBeViewed(_("Look at this first: no list confirms it by equal digests."))
        return Decision.Basis.HASH_CONFIRMED
    return Decision.Basis.WITHOUT_VIEWING


def _write(
    actor: Actor,
    case: Case,
    decision: Decision,
    reason: str,
    policy_rule: str,
    *,
    basis: Decision.Basis | None = None,
) -> Decision:
    decision.case, decision.reason, decision.decided_at = case, reason.strip(), now()
    decision.basis = _basis(actor, decision) if basis is None else basis
    if isinstance(actor, PersonActor):
        decision.person = actor.person
    else:
        decision.policy_rule = policy_rule
    try:
        with transaction.atomic():
            decision.save(force_insert=True)
    except IntegrityError:
        later = Decision.objects.filter(supersedes=decision.supersedes_id) if decision.supersedes_id else None
        first = Decision.objects.filter(occurrence=decision.occurrence, supersedes=None)
        if (first if later is None else later).exists():
            raise AlreadyDecided(
                _("Somebody decided this already. Reload, and supersede the latest decision.")
            ) from None
        raise
    state = state_by_decisions(case)
    if case.state != state:
        case.state = state
        case.save(update_fields=["state"])
    record(
        Event.DECISION_SUPERSEDED if decision.supersedes_id else Event.DECISION_MADE,
        actor,
        subject=case.pk,
        payload={
            "decision": str(decision.pk),
            "occurrence": str(decision.occurrence_id),
            "outcome": decision.outcome,
            "basis": decision.basis,
            "policy_rule": decision.policy_rule,
            "supersedes": str(decision.supersedes_id) if decision.supersedes_id else None,
        },
    )
    announcing.decision_made(decision)
    return decision
