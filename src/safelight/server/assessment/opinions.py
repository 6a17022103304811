"""A second pair of eyes: who is asked, who may answer, and what they may know before they have.

Blind means blind: who answers is shown the file and what lists say of it, as the first person was, and
nothing of the first answer; and whoever has read the case is not asked. Where people differ on an axis that
decides, a senior answers, who sees all of it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from safelight.assessment import axes
from safelight.assessment.axes import Outcome
from safelight.server.assessment.errors import AssessmentError, NotOpen, NotYours, OpinionsMissing
from safelight.server.assessment.events import Event
from safelight.server.assessment.models import CaseRead, GoldenTurn, Opinion, StoredAssessment
from safelight.server.assessment.policy import Opinions, wanted_for
from safelight.server.assessment.services import (
    SENIOR_TURN,
    family,
    standing,
    standing_one,
    store,
    want,
)
from safelight.server.cases.models import Case, Decision, PassedOn
from safelight.server.cases.services import UNFINISHED, locked_unfinished
from safelight.server.hotlines.models import Report, ReportFile
from safelight.server.ids import now
from safelight.server.intake.models import Item, Occurrence
from safelight.server.ledger.services import record
from safelight.server.people.actors import Actor, PersonActor, SystemActor
from safelight.server.people.permissions import permissions_of, require
from safelight.server.people.roles import Permission
from safelight.server.people.standing import single_operator

LONGEST_HELD: Final = timedelta(days=1)
"""After it an opinion is somebody else's to give."""
_OPEN = Q(state__in=[Opinion.State.WAITING, Opinion.State.TAKEN])


def waiting_for(actor: PersonActor) -> QuerySet[Opinion]:
    """Opinions that nobody has taken and that this person may give, in the order of the queue."""
    require(actor, Permission.CASE_TAKE)
    waiting = Opinion.objects.filter(_unfinished(), state=Opinion.State.WAITING)
    if Permission.DECISION_SECOND not in permissions_of(actor.person):
        waiting = waiting.exclude(kind=Opinion.Kind.SENIOR)
    if not single_operator():
        mine = StoredAssessment.objects.filter(
            person=actor.person, case=OuterRef("case"), item=OuterRef("item")
        )
        read = CaseRead.objects.filter(person=actor.person, case=OuterRef("case"))
        had = PassedOn.objects.filter(person=actor.person, case=OuterRef("case"))
        waiting = waiting.exclude(Exists(mine)).exclude(
            Q(Exists(read)) | Q(Exists(had)) | Q(case__assigned_to=actor.person), kind=Opinion.Kind.BLIND
        )
    return waiting.order_by("-case__imminent_danger", "-case__priority", "wanted_at", "pk")


def taken_by(actor: PersonActor) -> QuerySet[Opinion]:
    """Opinions that this person has taken and not given."""
    require(actor, Permission.CASE_TAKE)
    return Opinion.objects.filter(state=Opinion.State.TAKEN, taken_by=actor.person).order_by("taken_at")


def take_next(actor: PersonActor) -> Opinion | None:
    """Take the first that this person may give; the one that they have already, if any; None without any."""
    if mine := taken_by(actor).first():
        return mine
    for found in waiting_for(actor)[:20]:
        try:
            return take(actor, found)
        except NotOpen:
            continue  # somebody else was quicker
    return None


def take(actor: PersonActor, opinion: Opinion) -> Opinion:
    """Take one that waits. Of two who try at once one gets it. Raises :class:`NotOpen`, :class:`NotYours`."""
    with transaction.atomic():
        if not waiting_for(actor).filter(pk=opinion.pk).exists():
            if Opinion.objects.filter(pk=opinion.pk, state=Opinion.State.WAITING).exists():
                raise NotYours(_("Somebody who has not seen this case has to answer."))
            raise NotOpen(_("Somebody else took this a moment ago. Take the next one."))
        free = Opinion.objects.filter(pk=opinion.pk, state=Opinion.State.WAITING)
        if not free.update(state=Opinion.State.TAKEN, taken_by=actor.person, taken_at=now()):
            raise NotOpen(_("Somebody else took this a moment ago. Take the next one."))
        opinion.refresh_from_db()
        record(Event.OPINION_TAKEN, actor, subject=opinion.case_id, payload={"opinion": str(opinion.pk)})
    return opinion


def give_back(actor: PersonActor, opinion: Opinion) -> None:
    """Leave it to somebody else: always, and nobody asks why."""
    with transaction.atomic():
        mine = Opinion.objects.filter(pk=opinion.pk, state=Opinion.State.TAKEN, taken_by=actor.person)
        if mine.update(state=Opinion.State.WAITING, taken_by=None, taken_at=None):
            PassedOn.objects.get_or_create(case=opinion.case, person=actor.person, defaults={"at": now()})
            record(
                Event.OPINION_GIVEN_BACK,
                actor,
                subject=opinion.case_id,
                payload={"opinion": str(opinion.pk)},
            )


def release_stranded() -> int:
    """Put opinions back whose people may not give them any more, or have had them for a day; how many."""
    released = GoldenTurn.objects.filter(given_at=None, taken_at__lte=now() - LONGEST_HELD).delete()[0]
    for opinion in Opinion.objects.filter(state=Opinion.State.TAKEN).select_related("taken_by"):
        assert opinion.taken_by is not None  # a constraint says so
        assert opinion.taken_at is not None  # take() sets both
        needed = Permission.DECISION_SECOND if opinion.kind == Opinion.Kind.SENIOR else Permission.CASE_TAKE
        if needed in permissions_of(opinion.taken_by) and opinion.taken_at > now() - LONGEST_HELD:
            continue
        with transaction.atomic():
            still = Opinion.objects.filter(
                pk=opinion.pk, state=Opinion.State.TAKEN, taken_by=opinion.taken_by
            )
            if still.update(state=Opinion.State.WAITING, taken_by=None, taken_at=None):
                record(
                    Event.OPINION_GIVEN_BACK,
                    SystemActor("jobs"),
                    subject=opinion.case_id,
                    payload={"opinion": str(opinion.pk)},
                )
                released += 1
    return released


def give(actor: PersonActor, opinion: Opinion, told: axes.Assessment, *, note: str = "") -> Opinion:
    """Answer, once. Where it differs from the first answer on a decisive axis, a senior is asked.

    Raises :class:`NotOpen` for one that is not this person's any more, and :class:`AssessmentError` for a
    senior who passes the question on.
    """
    require(actor, Permission.CASE_TAKE)
    with transaction.atomic():
        case = locked_unfinished(opinion.case)
        locked = Opinion.objects.select_for_update(of=("self",)).select_related("item").get(pk=opinion.pk)
        if locked.state != Opinion.State.TAKEN or locked.taken_by_id != actor.person.pk:
            raise NotOpen(_("This is not yours to answer any more."))
        senior = locked.kind == Opinion.Kind.SENIOR
        if senior and told.outcome is Outcome.BEYOND_EXPERTISE:
            raise AssessmentError(_("A senior answers last. Say undetermined where nobody can tell."))
        answers = standing(case, locked.item)
        twice = answers.filter(person=actor.person).exists()
        first = answers.filter(role=StoredAssessment.Role.FIRST).latest("at")
        locked.assessment = store(
            actor,
            case,
            locked.item,
            told,
            note=note,
            role=StoredAssessment.Role.SENIOR if senior else StoredAssessment.Role.SECOND,
            supersedes=answers.filter(role=StoredAssessment.Role.SENIOR).first() if senior else None,
            alone=locked.kind == Opinion.Kind.BLIND and not twice,
            single_operator=twice,
        )
        locked.state, locked.differs = Opinion.State.GIVEN, list(told.differs_on(first.told()))
        locked.save(update_fields=["assessment", "state", "differs"])
        record(Event.OPINION_GIVEN, actor, subject=case.pk, payload={"opinion": str(locked.pk)})
        if not senior and (locked.differs or told.outcome is Outcome.BEYOND_EXPERTISE):
            want(actor, case, locked.item, Opinion.Kind.SENIOR, SENIOR_TURN)
    return locked


def missing(case: Case, item: Item) -> str:
    """What the policy still wants before an item may be decided, for people; empty when nothing."""
    asked = Opinion.objects.filter(case__in=family(case), item=item)
    if asked.filter(_OPEN, kind=Opinion.Kind.SENIOR).exists():
        return _("A senior has to answer about this first.")
    if wanted_for(item) is Opinions.NONE:
        return ""
    if standing_one(case, item) is None:
        return _("Assess this first: the policy wants a second opinion about it.")
    if asked.filter(state=Opinion.State.GIVEN).filter(Q(turn=2) | Q(kind=Opinion.Kind.SENIOR)).exists():
        return ""
    return _("A second person has to answer about this first.")


def answered_by(case: Case, item: Item) -> int:
    """How many people have answered about an item."""
    return standing(case, item).values("person").distinct().count()


def require_opinions(actor: Actor, _case: Case, occurrence: Occurrence, outcome: Decision.Outcome) -> None:
    """Raise :class:`OpinionsMissing` unless a person may decide this now; holding and asking always may."""
    item = occurrence.item
    if item is None or not isinstance(actor, PersonActor):
        return
    if outcome not in {Decision.Outcome.CONFIRMED, Decision.Outcome.DISMISSED}:
        return
    # What is decided anew after a finished case was assessed in that one.
    there = Case.objects.get(members__occurrence=occurrence)
    if why := missing(there, item):
        raise OpinionsMissing(why)
    if _speaks_against(there, item, outcome):
        raise OpinionsMissing(_("This says the opposite of the assessment. Correct one of them first."))


def require_unreported(actor: Actor, case: Case, occurrence: Occurrence, _outcome: Decision.Outcome) -> None:
    """Raise :class:`OpinionsMissing` where a finished report rests on the decision that stands."""
    if not isinstance(actor, PersonActor) or occurrence.item_id is None:
        return
    if not Decision.objects.filter(occurrence=occurrence, superseded_by=None).exists():
        return
    if _reported(case, occurrence.item_id):
        raise OpinionsMissing(
            _("The report about this is finished. Finish the case, and take it up in one that follows.")
        )


def may_follow(case: Case, item: Item, outcome: Decision.Outcome) -> bool:
    """Whether a decision about the same bytes in another case may reach this one.

    Not where somebody else is still to answer here, an answer here says the opposite, or the report is
    finished. What the policy wants answered was answered where the decision was made.
    """
    waits = Opinion.objects.filter(_OPEN, case__in=family(case), item=item).exists()
    return not (waits or _speaks_against(case, item, outcome) or _reported(case, item.pk))


def _speaks_against(case: Case, item: Item, outcome: Decision.Outcome) -> bool:
    against = {
        Decision.Outcome.CONFIRMED: Outcome.NOT_UNLAWFUL,
        Decision.Outcome.DISMISSED: Outcome.UNLAWFUL,
    }
    stored = standing_one(case, item)
    return stored is not None and stored.outcome == against[outcome]


def _reported(case: Case, item: UUID) -> bool:
    told = ReportFile.objects.filter(
        item=item,
        report__told_cases=case,
        report__state=Report.State.FINISHED,
        report__environment=Report.Environment.PRODUCTION,
    )
    return told.exists()


def blinded(actor: PersonActor, case: Case) -> Opinion | None:
    """The blind opinion that this person has taken about a case, because of which they may not read it."""
    return Opinion.objects.filter(
        case=case, kind=Opinion.Kind.BLIND, state=Opinion.State.TAKEN, taken_by=actor.person
    ).first()


def note_read(actor: PersonActor, case: Case) -> None:
    """Whoever reads a case while a blind opinion waits is not asked for it."""
    if Opinion.objects.filter(_OPEN, case=case, kind=Opinion.Kind.BLIND).exists():
        CaseRead.objects.get_or_create(case=case, person=actor.person, defaults={"at": now()})


def _unfinished() -> Q:
    return Q(case__in=Case.objects.filter(UNFINISHED))
