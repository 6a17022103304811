"""What follows from an upheld complaint, step by step: done at once, or waiting for a person, and visible."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from safelight.errors import KeyMismatch
from safelight.server.assessment.errors import AssessmentError
from safelight.server.assessment.events import Event
from safelight.server.assessment.models import Correction, Suggestion
from safelight.server.cases.hash_confirmed import matches_of
from safelight.server.cases.models import Complaint, Decision
from safelight.server.hotlines.models import Report
from safelight.server.ids import now
from safelight.server.ledger.services import record
from safelight.server.lists.models import HashList
from safelight.server.people.actors import Actor, PersonActor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission

_DONE, _WAITING, _NONE = Correction.State.DONE, Correction.State.WAITING, Correction.State.NOT_NEEDED


def correct(complaint: Complaint) -> None:
    """Write down every step that an upheld complaint asks for. Runs in the transaction that upholds it."""
    made = complaint.superseding
    _step(
        complaint, Correction.Kind.DECISION, _DONE if made else _NONE, reference=str(made.pk) if made else ""
    )
    _step(complaint, Correction.Kind.RESTORE, _DONE)
    for report in (reported := _finished_reports(complaint)):
        _step(complaint, Correction.Kind.HOTLINE, _WAITING, about=f"{report.hotline} {report.number}".strip())
    if not reported:
        _step(complaint, Correction.Kind.HOTLINE, _NONE)
    _except(complaint)
    for name in _foreign_lists(complaint):
        _step(complaint, Correction.Kind.FEEDBACK, _WAITING, about=name)
    # Figures are counted from the decisions that stand, so they change with them.
    _step(complaint, Correction.Kind.FIGURES, _DONE if made else _NONE)


def corrections(actor: Actor) -> QuerySet[Correction]:
    """Every step, those of the latest complaint first."""
    require(actor, Permission.CASE_READ_ALL)
    return Correction.objects.select_related("complaint", "done_by").order_by("-complaint__pk", "pk")


def mark_done(actor: PersonActor, correction: Correction, reference: str) -> Correction:
    """Say that a step was done, with the reference by which it can be found again.

    Raises :class:`AssessmentError` without one, and for a step that does not wait.
    """
    require(actor, Permission.DECISION_SECOND)
    if not 0 < len(reference.strip()) <= 200:
        raise AssessmentError(_("Give the reference of what was sent, in up to 200 characters."))
    with transaction.atomic():
        locked = Correction.objects.select_for_update().get(pk=correction.pk)
        if locked.state != _WAITING:
            raise AssessmentError(_("This does not wait any more."))
        locked.state, locked.reference = _DONE, reference.strip()
        locked.done_by, locked.at = actor.person, now()
        locked.save()
        record(
            Event.CORRECTION_MADE,
            actor,
            subject=locked.complaint_id,
            payload={"correction": str(locked.pk), "kind": locked.kind},
        )
    return locked


def _step(
    complaint: Complaint,
    kind: Correction.Kind,
    state: Correction.State,
    *,
    about: str = "",
    reference: str = "",
) -> None:
    Correction.objects.create(
        complaint=complaint, kind=kind, state=state, about=about, reference=reference, at=now()
    )


def _finished_reports(complaint: Complaint) -> list[Report]:
    """The reports that told a hotline of what was complained about. Rehearsals told nobody."""
    before = complaint.decision
    if before is None or before.outcome != Decision.Outcome.CONFIRMED:
        return []
    finished = Report.objects.filter(
        told_cases=before.case, state=Report.State.FINISHED, environment=Report.Environment.PRODUCTION
    )
    return list(finished.order_by("finished_at"))


def _except(complaint: Complaint) -> None:
    """The same file, matched by the same entries, opens no case again; and it is suggested as known good."""
    made, item = complaint.superseding, complaint.occurrence.item
    if made is None or item is None or made.person is None:
        _step(complaint, Correction.Kind.EXCEPTION, _NONE)
        return
    suggestion, _new = Suggestion.objects.get_or_create(
        item=item,
        kind=Suggestion.Kind.KNOWN_GOOD,
        state=Suggestion.State.OPEN,
        defaults={"decision": made, "person": made.person, "at": now()},
    )
    _step(complaint, Correction.Kind.EXCEPTION, _DONE, reference=str(suggestion.pk))


def _foreign_lists(complaint: Complaint) -> list[str]:
    """The lists of other people that the file matched: they are told that it was wrong."""
    item = complaint.occurrence.item
    if item is None:
        return []
    try:
        names = {match.list for match in matches_of(item)}
    except KeyMismatch:
        return []
    own = set(HashList.objects.filter(name__in=names, own=True).values_list("name", flat=True))
    return sorted(names - own)
