"""Files that belong together: the same bytes are decided once, alike ones are each looked at.

A decision goes to byte-identical files after one confirmation that lists them, in one transaction and once.
Alike files share nothing by themselves: each is shown to whoever decides, and has its own assessment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from safelight.server.assessment.elsewhere import Elsewhere, across_cases, elsewhere
from safelight.server.assessment.errors import AssessmentError
from safelight.server.assessment.events import Event
from safelight.server.assessment.likeness import Alike, alike
from safelight.server.assessment.models import Spread, StoredAssessment
from safelight.server.assessment.opinions import may_follow
from safelight.server.assessment.services import assess, assessed_items, standing_one, store
from safelight.server.cases.decisions import follow_equal, follow_near
from safelight.server.cases.errors import NotInCase
from safelight.server.cases.models import Case, Decision
from safelight.server.cases.services import UNFINISHED, standing_decisions
from safelight.server.cases.viewing import shown_to, was_shown
from safelight.server.ids import now
from safelight.server.intake.models import Item, Occurrence
from safelight.server.ledger.services import record
from safelight.server.people.actors import PersonActor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission

MOST_AT_ONCE: Final = 200
"""Files that one confirmation lists and decides; what is beyond takes another one."""
_CLOSING: Final = (Decision.Outcome.CONFIRMED, Decision.Outcome.DISMISSED)


@dataclass(frozen=True, slots=True)
class Equal:
    """Another place of the same bytes; ``outcome`` is what stands about it, empty for nothing."""

    occurrence: UUID
    case: UUID
    outcome: str


@dataclass(frozen=True, slots=True)
class Near:
    """Another file of the case that is alike; ``shown`` to this person in the case."""

    alike: Alike
    assessed: bool
    decided: bool
    shown: bool


@dataclass(frozen=True, slots=True)
class Stack:
    """What belongs to one file: ``lead`` is the first that is like it as a whole, or the file itself."""

    item: UUID
    lead: UUID
    equal: tuple[Equal, ...]
    near: tuple[Near, ...]
    elsewhere: Elsewhere


def stack_of(actor: PersonActor, case: Case, item: Item) -> Stack:
    """The stack of a file in a case that is assigned to the person."""
    require(actor, Permission.CASE_READ_OWN, case=case)
    found = alike(case, item)
    others = [one.item for one in found]
    assessed, decided = assessed_items(case).keys(), _decided(case, others)
    shown = shown_to(actor.person, others, case)
    near = (Near(one, one.item in assessed, one.item in decided, one.item in shown) for one in found)
    return Stack(
        item.pk,
        _lead(item, found),
        equal_members(actor, case, item),
        tuple(near),
        elsewhere(actor, case, item),
    )


def equal_members(
    actor: PersonActor, case: Case, item: Item, *, after: UUID | None = None, most: int = MOST_AT_ONCE
) -> tuple[Equal, ...]:
    """The other places of the same bytes on which something else stands than on the decided one, or nothing.

    Those of the case; where the policy says so, also those of cases that nobody has or that are this
    person's, unless something in that case speaks against it. Empty while nothing is decided. They are in one
    order: the first of them, or the first ``after`` a place.
    """
    decision = leading(case, item)
    if decision is None:
        return ()
    found = _places(actor, case, item, decision)
    if after is not None:
        found = found.filter(pk__gt=after)
    return tuple(islice(_differing(found, case, item, decision), most))


def _places(actor: PersonActor, case: Case, item: Item, decision: Decision) -> QuerySet[Occurrence]:
    places = Occurrence.objects.filter(item=item).exclude(pk=decision.occurrence_id)
    cases = Case.objects.filter(pk=case.pk)
    if across_cases():
        theirs = Case.objects.filter(UNFINISHED)
        cases |= theirs.filter(assigned_to=None) | theirs.filter(assigned_to=actor.person)
    return places.filter(membership__case__in=cases).order_by("pk")


def _differing(places: QuerySet[Occurrence], case: Case, item: Item, decision: Decision) -> Iterator[Equal]:
    there = {one.occurrence_id: one.outcome for one in standing_decisions().filter(occurrence__item=item)}
    outcome = Decision.Outcome(decision.outcome)
    open_to = {case.pk: True}
    for pk, in_case in places.values_list("pk", "membership__case"):
        if there.get(pk) == decision.outcome:
            continue
        if in_case not in open_to:
            open_to[in_case] = may_follow(Case.objects.get(pk=in_case), item, outcome)
        if open_to[in_case]:
            yield Equal(pk, in_case, there.get(pk, ""))


def leading(case: Case, item: Item) -> Decision | None:
    """The decision about the file that others follow: the latest one that confirms or dismisses it here."""
    made = standing_decisions().filter(occurrence__item=item, occurrence__membership__case=case)
    return made.filter(outcome__in=_CLOSING).order_by("-decided_at", "-pk").first()


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
            asked = _places(actor, case, item, decision).filter(pk__in=listed[:MOST_AT_ONCE])
            there = {one.occurrence: one for one in _differing(asked, case, item, decision)}
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
    """Assess a file as its lead was, and decide it the same way: once it was shown to this person.

    It keeps an assessment and a decision of its own. Raises :class:`AssessmentError` where it was not shown,
    is not alike as a whole, or the lead is not assessed and decided.
    """
    require(actor, Permission.DECISION_MAKE, case=case)
    stored, decision = standing_one(case, lead), leading(case, lead)
    if not any(one.item == lead.pk and one.whole for one in alike(case, item)):
        raise AssessmentError(_("These files are not in one stack."))
    if stored is None or decision is None:
        raise AssessmentError(_("Assess and decide the other file first."))
    if not was_shown(actor.person, item, case):
        raise AssessmentError(_("Look at this file first, at level 1 or above: it may be another one."))
    with transaction.atomic():
        assess(actor, case, item, stored.told())
        place = Occurrence.objects.filter(item=item, membership__case=case).order_by("pk").first()
        assert place is not None  # it is in the case: its hash came from there
        return follow_near(actor, decision, place)


def next_undecided(case: Case, after: Item | None = None) -> UUID | None:
    """The next item of a case without a decision that closes it, the oldest first; None without any."""
    closed = standing_decisions().filter(outcome__in=_CLOSING).values("occurrence")
    open_ = Occurrence.objects.filter(membership__case=case, item__isnull=False).exclude(pk__in=closed)
    waiting = list(dict.fromkeys(open_.order_by("pk").values_list("item", flat=True)))
    if after is not None and after.pk in waiting:
        waiting.remove(after.pk)
    return waiting[0] if waiting else None


def _lead(item: Item, found: tuple[Alike, ...]) -> UUID:
    """The first that is like it as a whole. Not the nearest chain: near to near may be far."""
    wholes = [one.item for one in found if one.whole]
    came = Item.objects.filter(pk__in=[item.pk, *wholes]).order_by("first_seen_at", "pk")
    return came.values_list("pk", flat=True)[0]


def _decided(case: Case, items: list[UUID]) -> set[UUID]:
    made = standing_decisions().filter(occurrence__item__in=items, occurrence__membership__case=case)
    return set(made.filter(outcome__in=_CLOSING).values_list("occurrence__item", flat=True))
