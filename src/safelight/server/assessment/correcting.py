"""What follows from an upheld complaint, step by step: done at once, or waiting for a person, and visible."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _

from safelight.errors import KeyMismatch
from safelight.server.assessment.errors import AssessmentError
from safelight.server.assessment.events import Event
from safelight.server.assessment.models import Correction, Suggestion
from safelight.server.cases.hash_confirmed import matches_of
from safelight.server.cases.models import Complaint, Decision
from safelight.server.hotlines.correcting import draft_correction
from safelight.server.hotlines.models import Report
from safelight.server.ids import now
from safelight.server.ledger.services import record
from safelight.server.lists.models import HashList
from safelight.server.people.actors import Actor, PersonActor, SystemActor
from safelight.server.people.permissions import require
from safelight.server.people.roles import Permission

_MOST_ENTRIES: Final = 100
_DONE, _WAITING, _NONE = Correction.State.DONE, Correction.State.WAITING, Correction.State.NOT_NEEDED


def correct(complaint: Complaint) -> None:
    """Write down every step that an upheld complaint asks for. Runs in the transaction that upholds it."""
    made = complaint.superseding
    _step(
        complaint, Correction.Kind.DECISION, _DONE if made else _NONE, reference=str(made.pk) if made else ""
    )
    _step(complaint, Correction.Kind.RESTORE, _DONE)
    for report in (reported := _finished_reports(complaint)):
        _step(
            complaint,
            Correction.Kind.HOTLINE,
            _WAITING,
            about=f"{report.hotline} {report.number}".strip(),
            report=draft_correction(report, made.case, complaint.occurrence.item) if made else None,
        )
    if not reported:
        _step(complaint, Correction.Kind.HOTLINE, _NONE)
    _except(complaint)
    for name, entries in _foreign_lists(complaint).items():
        _step(complaint, Correction.Kind.FEEDBACK, _WAITING, about=name, entries=entries)
    # Figures are counted from the decisions that stand, so they change with them.
    _step(complaint, Correction.Kind.FIGURES, _DONE if made else _NONE)


def corrections(actor: Actor) -> QuerySet[Correction]:
    """Every step, those of the latest complaint first; ``source`` is where the list that it names is from."""
    require(actor, Permission.CASE_READ_ALL)
    source = HashList.objects.filter(name=OuterRef("about")).values("source")[:1]
    steps = Correction.objects.select_related("complaint", "done_by", "report")
    return steps.annotate(source=Subquery(source)).order_by("-complaint__pk", "pk")


def told_hotline(report: Report) -> None:
    """The step is done when the hotline has finished the report that corrects the earlier one."""
    for step in Correction.objects.select_for_update().filter(report=report, state=_WAITING):
        step.state, step.reference, step.at = _DONE, report.number[:200], now()
        step.save(update_fields=["state", "reference", "at"])
        record(
            Event.CORRECTION_MADE,
            SystemActor("hotlines"),
            subject=step.complaint_id,
            payload={"correction": str(step.pk), "kind": step.kind, "report": str(report.pk)},
        )


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
    report: Report | None = None,
    entries: Sequence[str] = (),
) -> None:
    Correction.objects.create(
        complaint=complaint,
        kind=kind,
        state=state,
        about=about,
        reference=reference,
        report=report,
        entries=list(entries),
        at=now(),
    )


def _finished_reports(complaint: Complaint) -> list[Report]:
    """The reports that told a hotline of what was complained about. Rehearsals told nobody."""
    before, item = complaint.decision, complaint.occurrence.item
    if before is None or before.outcome != Decision.Outcome.CONFIRMED:
        return []
    finished = Report.objects.filter(
        told_cases=before.case, state=Report.State.FINISHED, environment=Report.Environment.PRODUCTION
    )
    if item is not None:
        finished = finished.filter(files__item=item)
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


def _foreign_lists(complaint: Complaint) -> dict[str, list[str]]:
    """The lists of other people that the file matched, each with the keys of its entries that were wrong."""
    item = complaint.occurrence.item
    if item is None:
        return {}
    try:
        matches = matches_of(item)
    except KeyMismatch:
        return {}
    keys: dict[str, set[str]] = {}
    for match in matches:
        keys.setdefault(match.list, set()).add(match.entry_key)
    own = set(HashList.objects.filter(name__in=keys, own=True).values_list("name", flat=True))
    return {name: sorted(keys[name])[:_MOST_ENTRIES] for name in sorted(keys) if name not in own}
