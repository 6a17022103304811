"""Files that belong together: the same bytes are decided once, near pictures are each looked at.

A decision goes to byte-identical files after one confirmation that lists them, in one transaction and once.
Near pictures share nothing by themselves: each is shown to whoever decides, and has its own assessment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from safelight.errors import KeyMismatch
from safelight.server.assessment.errors import AssessmentError
from safelight.server.assessment.events import Event
from safelight.server.assessment.models import Spread, StoredAssessment
from safelight.server.assessment.services import assess, standing_one, store
from safelight.server.cases.decisions import follow_equal, follow_near
from safelight.server.cases.errors import NotInCase
from safelight.server.cases.models import Case, Decision
from safelight.server.cases.services import UNFINISHED, standing_decisions
from safelight.server.cases.viewing import was_shown
from safelight.server.ids import now
from safelight.server.intake.models import Item, Occurrence
from safelight.server.intake.record_keys import record_keys
from safelight.server.ledger.services import record
from safelight.server.people.actors import PersonActor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission
from safelight.types import WHOLE

MOST_AT_ONCE: Final = 200
"""Files that one confirmation lists and decides; what is beyond takes another one."""
LEAST_QUALITY: Final = 50
"""Below it a picture is too plain to be compared by likeness (the same as for matching)."""


@dataclass(frozen=True, slots=True)
class Equal:
    """Another place of the same bytes; ``outcome`` is what stands about it, empty for nothing."""

    occurrence: UUID
    case: UUID
    outcome: str


@dataclass(frozen=True, slots=True)
class Near:
    """Another picture of the case, ``distance`` of 256 bits away; ``shown`` to this person in the case."""

    item: UUID
    distance: int
    assessed: bool
    decided: bool
    shown: bool


@dataclass(frozen=True, slots=True)
class Stack:
    """What belongs to one file: ``lead`` is the first of its near pictures, or the file itself."""

    item: UUID
    lead: UUID
    equal: tuple[Equal, ...]
    near: tuple[Near, ...]


def stack_of(actor: PersonActor, case: Case, item: Item) -> Stack:
    """The stack of a file in a case that is assigned to the person."""
    require(actor, Permission.CASE_READ_OWN, case=case)
    hashes = _hashes(case)
    lead = _lead(hashes, item.pk)
    near = tuple(
        _near(actor, case, other, _distance(hashes[item.pk], value))
        for other, value in hashes.items()
        if other != item.pk and item.pk in hashes and _lead(hashes, other) == lead
    )
    return Stack(item.pk, lead, equal_members(actor, case, item), near)


def equal_members(actor: PersonActor, case: Case, item: Item) -> tuple[Equal, ...]:
    """The other places of the same bytes on which something else stands than on the decided one, or nothing.

    Those of the case; where the policy says so, also those of cases that nobody has or that are this
    person's. Empty while nothing is decided. At most 200.
    """
    decision = leading(case, item)
    if decision is None:
        return ()
    places = Occurrence.objects.filter(item=item).exclude(pk=decision.occurrence_id)
    cases = Case.objects.filter(pk=case.pk)
    if settings.CONFIG.assessment.stacks_across_cases:
        theirs = Case.objects.filter(UNFINISHED)
        cases |= theirs.filter(assigned_to=None) | theirs.filter(assigned_to=actor.person)
    found = places.filter(membership__case__in=cases).order_by("pk")
    there = {one.occurrence_id: one.outcome for one in standing_decisions().filter(occurrence__item=item)}
    others = [(pk, in_case) for pk, in_case in found.values_list("pk", "membership__case")]
    differing = [(pk, in_case) for pk, in_case in others if there.get(pk) != decision.outcome]
    return tuple(Equal(pk, in_case, there.get(pk, "")) for pk, in_case in differing[:MOST_AT_ONCE])


def leading(case: Case, item: Item) -> Decision | None:
    """The decision about the file that others follow: the latest one that confirms or dismisses it here."""
    closing = [Decision.Outcome.CONFIRMED, Decision.Outcome.DISMISSED]
    made = standing_decisions().filter(occurrence__item=item, occurrence__membership__case=case)
    return made.filter(outcome__in=closing).order_by("-decided_at", "-pk").first()


def spread(actor: PersonActor, id_: UUID, case: Case, item: Item, listed: list[UUID]) -> Spread:
    """Give the places that a person was shown the decision that stands about the same bytes; once.

    ``id_`` comes from the form that listed them: sending it again changes nothing. All are decided or none.
    Raises :class:`NotInCase` where one of them is not to be decided by that any more.
    """
    require(actor, Permission.DECISION_MAKE, case=case)
    if done := Spread.objects.filter(pk=id_).first():
        return done
    try:
        with transaction.atomic():
            decision = leading(case, item)
            if decision is None:
                raise AssessmentError(_("Decide about the file first."))
            made = Spread.objects.create(
                id=id_,
                decision=decision,
                person=actor.person,
                occurrences=[str(pk) for pk in listed],
                at=now(),
            )
            there = {one.occurrence: one for one in equal_members(actor, case, item)}
            if not listed or not set(listed) <= there.keys():
                raise NotInCase(_("Something changed meanwhile. Look at the list once more."))
            for occurrence in Occurrence.objects.filter(pk__in=listed).order_by("pk"):
                follow_equal(actor, decision, occurrence)
            _assess_elsewhere(actor, case, item, {there[pk].case for pk in listed} - {case.pk})
            record(
                Event.DECISION_SPREAD,
                actor,
                subject=case.pk,
                payload={"spread": str(id_), "decision": str(decision.pk), "places": len(listed)},
            )
    except IntegrityError:
        if done := Spread.objects.filter(pk=id_).first():
            return done  # the same form, sent twice at once
        raise
    return made


def _assess_elsewhere(actor: PersonActor, case: Case, item: Item, others: set[UUID]) -> None:
    """The same bytes have the same assessment in the other cases that they were decided in."""
    stored = standing_one(case, item)
    for other in Case.objects.filter(pk__in=others):
        if stored is not None and standing_one(other, item) is None:
            store(actor, other, item, stored.told(), note="", role=StoredAssessment.Role.FIRST)


def same_as(actor: PersonActor, case: Case, item: Item, lead: Item) -> Decision:
    """Assess a near picture as its lead was, and decide it the same way: once it was shown to this person.

    It keeps an assessment and a decision of its own. Raises :class:`AssessmentError` where it was not shown,
    is not near, or the lead is not assessed and decided.
    """
    require(actor, Permission.DECISION_MAKE, case=case)
    hashes = _hashes(case)
    near = {item.pk, lead.pk} <= hashes.keys() and _lead(hashes, item.pk) == _lead(hashes, lead.pk)
    stored, decision = standing_one(case, lead), leading(case, lead)
    if not near or item.pk == lead.pk:
        raise AssessmentError(_("These pictures are not in one stack."))
    if stored is None or decision is None:
        raise AssessmentError(_("Assess and decide the other picture first."))
    if not was_shown(actor.person, item, case):
        raise AssessmentError(_("Look at this picture first, at level 1 or above: it may be another one."))
    with transaction.atomic():
        assess(actor, case, item, stored.told())
        place = Occurrence.objects.filter(item=item, membership__case=case).order_by("pk").first()
        assert place is not None  # it is in the case: its hash came from there
        return follow_near(actor, decision, place)


def next_undecided(case: Case, after: Item | None = None) -> UUID | None:
    """The next item of a case without a decision that closes it, the oldest first; None without any."""
    closing = [Decision.Outcome.CONFIRMED, Decision.Outcome.DISMISSED]
    closed = standing_decisions().filter(outcome__in=closing).values("occurrence")
    open_ = Occurrence.objects.filter(membership__case=case, item__isnull=False).exclude(pk__in=closed)
    waiting = list(dict.fromkeys(open_.order_by("pk").values_list("item", flat=True)))
    if after is not None and after.pk in waiting:
        waiting.remove(after.pk)
    return waiting[0] if waiting else None


def _near(actor: PersonActor, case: Case, other: UUID, distance: int) -> Near:
    item = Item.objects.get(pk=other)
    return Near(
        other,
        distance,
        standing_one(case, item) is not None,
        leading(case, item) is not None,
        was_shown(actor.person, item, case),
    )


def _hashes(case: Case) -> dict[UUID, int]:
    """The whole-picture PDQ of every picture of the case that has one, in the order in which they came."""
    keys, found = record_keys(), dict[UUID, int]()
    items = Item.objects.filter(occurrences__membership__case=case, kind="image").distinct()
    for item in items.order_by("first_seen_at", "pk"):
        try:
            seen = keys.open_observation(item.pk, item.observation).observation
        except KeyMismatch:
            continue  # the page of the case says so
        for signal in seen.signals:
            whole = signal.type == "pdq" and signal.part == WHOLE and signal.value
            if whole and (signal.quality or 0) >= LEAST_QUALITY:
                found[item.pk] = int(signal.value, 16)
                break
    return found


def _lead(hashes: dict[UUID, int], item: UUID) -> UUID:
    """The first picture that this one is near to. Not the nearest chain: near to near may be far."""
    if item not in hashes:
        return item
    leads: list[UUID] = []
    for other, value in hashes.items():
        lead = next((one for one in leads if _distance(hashes[one], value) <= _reach()), None)
        if lead is None:
            leads.append(other)
        if other == item:
            return other if lead is None else lead
    return item


def _distance(one: int, other: int) -> int:
    return (one ^ other).bit_count()


def _reach() -> int:
    return int(settings.CONFIG.assessment.near_bits)
