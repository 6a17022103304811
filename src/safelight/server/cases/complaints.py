"""Complaints: whoever was acted on can object; someone who did not decide answers, and in time.

What follows from one that is upheld, beyond the decision that supersedes the first, hangs on
:data:`UPHELD`: the platform is told by its webhooks, and hotlines and list sources by the rooms that report.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from safelight.server.cases import announcing
from safelight.server.cases.decisions import write_superseding
from safelight.server.cases.errors import CaseError, ComplaintClosed, ReasonNeeded, SomeoneElseAnswers
from safelight.server.cases.events import Event
from safelight.server.cases.models import Case, CaseOccurrence, Complaint, Decision
from safelight.server.cases.services import follow_up, standing_decisions
from safelight.server.ids import new_id, now
from safelight.server.intake.models import Item, Occurrence
from safelight.server.intake.record_keys import record_keys
from safelight.server.ledger.services import record
from safelight.server.paging import Page, page_size, wrong_place
from safelight.server.people.actors import Actor, KeyActor, PersonActor
from safelight.server.people.permissions import PermissionDenied, require
from safelight.server.people.roles import Permission
from safelight.server.people.standing import single_operator
from safelight.server.telling import clear_alarm, raise_alarm
from safelight.server.vault import services as vault

LONGEST: Final = 20_000
"""Characters of a complaint, and of an answer."""
OVERDUE: Final = "complaint_overdue"
"""The kind of the alert."""

NEUTRAL: Final = {
    True: _lazy(
        "We looked at this again, and somebody else decided. What was done is being undone. We are sorry for"
        " the trouble."
    ),
    False: _lazy(
        "We looked at this again, and somebody else decided. It stands. You may also turn to a court or to an"
        " out-of-court body, as the law where you live provides."
    ),
}
"""What is answered where nobody writes anything else, by whether the complaint was upheld."""

UPHELD: Final[list[Callable[[Complaint], None]]] = []
"""Called in the transaction in which a complaint is upheld, after the decision was superseded."""


def complain(actor: KeyActor | PersonActor, occurrence: Occurrence, text: str) -> Complaint:
    """Record an objection to what was done about an occurrence; its evidence is kept while it is open.

    A key may do so for what it sent itself. Raises :class:`ComplaintClosed` while another is open about the
    same, and :class:`CaseError` for a text that is not of 1 to 20,000 characters.
    """
    if isinstance(actor, KeyActor):
        if occurrence.intake.key_id != actor.key.pk:
            raise PermissionDenied(Permission.COMPLAINT_RECORD, _("This key did not send that."))
    else:
        require(actor, Permission.COMPLAINT_RECORD)
    if not CaseOccurrence.objects.filter(occurrence=occurrence).exists():
        raise CaseError(_("Nothing was done about this, so there is nothing to object to."))
    id_, received = new_id(), now()
    sealed = _sealed("complaint", id_, text)
    try:
        with transaction.atomic():
            made = Complaint.objects.create(
                id=id_,
                occurrence=occurrence,
                decision=_standing(occurrence),
                key=actor.key if isinstance(actor, KeyActor) else None,
                recorded_by=actor.person if isinstance(actor, PersonActor) else None,
                text=sealed,
                received_at=received,
                due_at=received + timedelta(days=settings.CONFIG.cases.complaint_answer_days),
            )
            _dispute(actor, occurrence, is_open=True)
            record(
                Event.COMPLAINT_RECEIVED,
                actor,
                subject=made.pk,
                payload={"occurrence": str(occurrence.pk), "due_at": made.due_at.isoformat()},
            )
    except IntegrityError:
        if Complaint.objects.filter(occurrence=occurrence, state=Complaint.State.OPEN).exists():
            raise ComplaintClosed(_("A complaint about this is open already and will be answered.")) from None
        raise
    return made


def answer_complaint(actor: PersonActor, complaint: Complaint, *, upheld: bool, answer: str) -> Complaint:
    """Answer, once. Upheld, a decision to dismiss takes the place of the one complained about.

    Who made any decision about the occurrence does not answer (in declared single-operator mode they may,
    and the record says so). Raises :class:`ComplaintClosed`, :class:`SomeoneElseAnswers`,
    :class:`ReasonNeeded`, and :class:`CaseError` while nothing is decided.
    """
    require(actor, Permission.DECISION_SECOND)
    if not answer.strip():
        raise ReasonNeeded(_("Give the answer: who complained is told it."))
    with transaction.atomic():
        locked = Complaint.objects.select_for_update(of=("self",)).get(pk=complaint.pk)
        if locked.state != Complaint.State.OPEN:
            raise ComplaintClosed(_("This complaint was answered already."))
        decision = _standing(locked.occurrence)
        if decision is None:
            raise CaseError(_("Nothing is decided about this yet. Have it decided first."))
        decided = Decision.objects.filter(occurrence=locked.occurrence, person=actor.person).exists()
        if decided and not single_operator():
            raise SomeoneElseAnswers(_("Someone who did not decide this has to answer the complaint."))
        locked.state = Complaint.State.UPHELD if upheld else Complaint.State.REJECTED
        locked.single_operator = decided
        locked.decision = locked.decision or decision
        locked.answered_by, locked.answered_at = actor.person, now()
        locked.answer = _sealed("answer", locked.pk, answer)
        if upheld and decision.outcome != Decision.Outcome.DISMISSED:
            case = _case_to_decide_in(actor, locked.occurrence)
            locked.superseding = write_superseding(actor, decision, Decision.Outcome.DISMISSED, answer, case)
        locked.save()
        _dispute(actor, locked.occurrence, is_open=False)
        record(
            Event.COMPLAINT_ANSWERED,
            actor,
            subject=locked.pk,
            payload={
                "occurrence": str(locked.occurrence_id),
                "upheld": upheld,
                "superseding": str(locked.superseding_id) if locked.superseding_id else None,
                "single_operator": decided,
            },
        )
        clear_alarm(OVERDUE, subject=locked.pk)
        if upheld:
            announcing.restore(locked)
            for follow in UPHELD:
                follow(locked)
    return locked


def open_complaints(actor: Actor, *, limit: int = 50, after: str | None = None) -> Page[Complaint]:
    """Complaints that wait for an answer, the one due first in front. ``limit`` is 1 to 200."""
    require(actor, Permission.CASE_READ_ALL)
    waiting = Complaint.objects.filter(state=Complaint.State.OPEN).order_by("pk")
    if after is not None:
        try:
            waiting = waiting.filter(pk__gt=UUID(after))
        except ValueError:
            raise wrong_place() from None
    size = page_size(limit)
    found = list(waiting.select_related("occurrence", "decision")[: size + 1])
    return Page(tuple(found[:size]), str(found[size - 1].pk) if len(found) > size else None)


def words_of(actor: Actor, complaint: Complaint) -> tuple[str, str]:
    """What was complained, and what was answered (empty while it is open)."""
    require(actor, Permission.CASE_READ_ALL)
    keys = record_keys()
    answer = keys.open_content("answer", complaint.pk, complaint.answer) if complaint.answer else ""
    return keys.open_content("complaint", complaint.pk, complaint.text), answer


def answer_for(actor: KeyActor, complaint_id: UUID) -> tuple[Complaint, str]:
    """A complaint that this key brought, and the answer to pass on (empty while it is open).

    Raises :class:`PermissionDenied` for another's, and for one that there is not.
    """
    complaint = Complaint.objects.filter(pk=complaint_id, key=actor.key).first()
    if complaint is None:
        raise PermissionDenied(Permission.COMPLAINT_RECORD, _("This key brought no such complaint."))
    if not complaint.answer:
        return complaint, ""
    return complaint, record_keys().open_content("answer", complaint.pk, complaint.answer)


def alarm_overdue() -> int:
    """Have people told of complaints whose time to answer is over; how many there are."""
    overdue = Complaint.objects.filter(state=Complaint.State.OPEN, due_at__lte=now())
    for complaint in overdue:
        with transaction.atomic():
            raise_alarm(OVERDUE, subject=complaint.pk, detail=_("A complaint was not answered in time."))
    return overdue.count()


def _standing(occurrence: Occurrence) -> Decision | None:
    return standing_decisions().filter(occurrence=occurrence).first()


def _case_to_decide_in(actor: PersonActor, occurrence: Occurrence) -> Case:
    case = occurrence.membership.case
    if case.state == Case.State.FINISHED:
        return follow_up(actor, case, _("A complaint was upheld."))
    return case


def _dispute(actor: Actor, occurrence: Occurrence, *, is_open: bool) -> None:
    """Evidence is not destroyed while any complaint about its item is open."""
    if occurrence.item_id is None:
        return
    item = Item.objects.select_for_update(no_key=True).get(pk=occurrence.item_id)
    evidence = vault.live_object(item)
    if evidence is None:
        return
    others = Complaint.objects.filter(occurrence__item=item, state=Complaint.State.OPEN)
    vault.dispute(actor, evidence.pk, is_open=is_open or others.exists())


def _sealed(kind: str, id_: UUID, words: str) -> bytes:
    if not 0 < len(words.strip()) <= LONGEST:
        raise CaseError(_("Give 1 to {most} characters.").format(most=LONGEST))
    try:
        return record_keys().seal_content(kind, id_, words.strip())
    except UnicodeEncodeError:
        raise CaseError(_("This is not valid text.")) from None
