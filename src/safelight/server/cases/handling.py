"""Who works on a case: taken, assigned, passed on, commented, and put on top when somebody is in danger.

A case is one person's at a time. Of two who take it at once one has it, and the other is told so kindly.
"""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from safelight.server.cases.errors import AlreadyTaken, CaseError, CaseFinished, NotInCase, ReasonNeeded
from safelight.server.cases.events import Event
from safelight.server.cases.models import Case, Comment, PassedOn
from safelight.server.cases.queue import CaseSummary, summaries
from safelight.server.cases.rearranging import merge, split
from safelight.server.cases.services import UNFINISHED, locked_unfinished
from safelight.server.ids import new_id, now
from safelight.server.intake.record_keys import record_keys
from safelight.server.ledger.services import record
from safelight.server.people.actors import Actor, PersonActor, SystemActor
from safelight.server.people.models import Person
from safelight.server.people.permissions import permissions_of, require
from safelight.server.people.roles import Permission
from safelight.server.telling import clear_alarm, raise_alarm

__all__ = [
    "assign", "clear_imminent_danger", "comment", "earlier_cases", "give_back", "merge", "pass_on",
    "release_strays", "set_imminent_danger", "split", "take",
]  # fmt: skip

LONGEST_COMMENT: Final = 10_000
"""Characters."""
IMMINENT_DANGER: Final = "imminent_danger"
"""The kind of the alert."""


def assign(actor: Actor, case: Case, person: Person | None) -> Case:
    """Give a case to somebody who may work in it, or, with None, back to the queue.

    Raises :class:`CaseFinished`, and :class:`CaseError` for somebody who may not.
    """
    require(actor, Permission.CASE_ASSIGN)
    if person is not None and Permission.CASE_TAKE not in permissions_of(person):
        raise CaseError(_("{person} does not review. Assign the case to a reviewer.").format(person=person))
    with transaction.atomic():
        locked = locked_unfinished(case)
        _give(locked, person)
        record(
            Event.CASE_ASSIGNED,
            actor,
            subject=case.pk,
            payload={"to": str(person.pk) if person else None},
        )
    return locked


def take(actor: PersonActor, case: Case) -> Case:
    """Take a case that nobody has. Taking one's own again changes nothing.

    Raises :class:`AlreadyTaken` and :class:`CaseFinished`.
    """
    require(actor, Permission.CASE_TAKE)
    with transaction.atomic():
        locked = locked_unfinished(case)
        if locked.assigned_to_id == actor.person.pk:
            return locked
        if locked.assigned_to_id is not None:
            raise AlreadyTaken(_("Somebody else took this case a moment ago. Take the next one."))
        _give(locked, actor.person)
        record(Event.CASE_TAKEN, actor, subject=case.pk)
    return locked


def pass_on(actor: PersonActor, case: Case) -> None:
    """Give one's case back to the queue: always, and nobody asks why. It is not offered to them again.

    Whoever has a case may let go of it, whatever became of their roles. Passing on what is not one's own any
    more does nothing. Raises :class:`CaseFinished`.
    """
    with transaction.atomic():
        locked = locked_unfinished(case)
        if locked.assigned_to_id != actor.person.pk:
            return
        _give(locked, None)
        PassedOn.objects.get_or_create(case=locked, person=actor.person, defaults={"at": now()})
        record(Event.CASE_PASSED_ON, actor, subject=case.pk)


def release_strays() -> int:
    """Give cases back whose people cannot work in them any more, so that none strands; how many."""
    released = 0
    taken = Case.objects.filter(UNFINISHED, assigned_to__isnull=False)
    for person in Person.objects.filter(pk__in=taken.values("assigned_to")):
        if Permission.CASE_TAKE in permissions_of(person):
            continue
        for case in taken.filter(assigned_to=person):
            with transaction.atomic():
                locked = Case.objects.select_for_update(no_key=True).get(pk=case.pk)
                if locked.state not in {Case.State.OPEN, Case.State.DECIDED}:
                    continue
                if locked.assigned_to_id != person.pk:
                    continue
                _give(locked, None)
                record(Event.CASE_ASSIGNED, SystemActor("jobs"), subject=case.pk, payload={"to": None})
                released += 1
    return released


def give_back(process: str, case: Case, person: Person) -> bool:
    """Give back what somebody has, because they rest; they may be offered it again. Whether it was theirs."""
    with transaction.atomic():
        locked = Case.objects.select_for_update(no_key=True).get(pk=case.pk)
        if locked.assigned_to_id != person.pk or locked.state not in {Case.State.OPEN, Case.State.DECIDED}:
            return False
        _give(locked, None)
        record(Event.CASE_ASSIGNED, SystemActor(process), subject=case.pk, payload={"to": None})
    return True


def comment(actor: PersonActor, case: Case, text: str) -> Comment:
    """Add a note of 1 to 10,000 characters, sealed. Raises :class:`CaseFinished` and :class:`CaseError`."""
    require(actor, Permission.CASE_READ_OWN, case=case)
    if not 0 < len(text.strip()) <= LONGEST_COMMENT:
        raise CaseError(_("A comment has 1 to {most} characters.").format(most=LONGEST_COMMENT))
    with transaction.atomic():
        locked = locked_unfinished(case)
        id_ = new_id()
        try:
            sealed = record_keys().seal_content("comment", id_, text.strip())
        except UnicodeEncodeError:
            raise CaseError(_("This is not valid text.")) from None
        made = Comment.objects.create(id=id_, case=locked, person=actor.person, text=sealed, at=now())
        record(Event.CASE_COMMENTED, actor, subject=case.pk, payload={"comment": str(id_)})
    return made


def earlier_cases(actor: Actor, case: Case) -> tuple[CaseSummary, ...]:
    """Every other case in which an account of this one had a part, newest first; none of it is opened."""
    require(actor, Permission.CASE_READ_OWN, case=case)
    accounts = case.accounts.values("account")
    others = Case.objects.filter(accounts__account__in=accounts).exclude(pk=case.pk)
    return summaries(list(others.exclude(state=Case.State.MERGED).distinct().order_by("-opened_at", "-pk")))


def set_imminent_danger(actor: PersonActor, case: Case) -> Case:
    """Somebody may be in danger now: to the top of the queue, and people are alerted without content.

    Setting it again changes nothing. Raises :class:`CaseFinished`.
    """
    require(actor, Permission.CASE_ALARM)
    with transaction.atomic():
        locked = locked_unfinished(case)
        if not locked.imminent_danger:
            locked.imminent_danger = True
            locked.save(update_fields=["imminent_danger"])
            record(Event.IMMINENT_DANGER_SET, actor, subject=case.pk)
            raise_alarm(IMMINENT_DANGER, subject=case.pk, detail=_("A case is marked as imminent danger."))
    return locked


def clear_imminent_danger(actor: PersonActor, case: Case, reason: str) -> Case:
    """Take the mark off again, and say why. Raises :class:`CaseFinished` and :class:`ReasonNeeded`."""
    require(actor, Permission.CASE_RELEASE)
    if not reason.strip():
        raise ReasonNeeded(_("Say why nobody is in danger any more."))
    with transaction.atomic():
        locked = locked_unfinished(case)
        if not locked.imminent_danger:
            raise NotInCase(_("This case is not marked as imminent danger."))
        locked.imminent_danger = False
        locked.save(update_fields=["imminent_danger"])
        record(Event.IMMINENT_DANGER_CLEARED, actor, subject=case.pk, payload={"reason": reason.strip()})
        clear_alarm(IMMINENT_DANGER, subject=case.pk)
    return locked


def _give(case: Case, person: Person | None) -> None:
    if case.state not in {Case.State.OPEN, Case.State.DECIDED}:
        raise CaseFinished(_("This case is finished and never changes."))
    case.assigned_to = person
    case.save(update_fields=["assigned_to"])
