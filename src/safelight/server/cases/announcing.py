"""What the platform's own systems are told of cases: ids, outcomes, the platform's own names. No content."""

from __future__ import annotations

from safelight.server.cases.containing import contain
from safelight.server.cases.models import Case, Complaint, Decision
from safelight.server.intake.models import Intake, Occurrence
from safelight.server.intake.record_keys import record_keys
from safelight.server.intake.told import platform_id, told_of_occurrence
from safelight.server.ledger.services import JSON
from safelight.server.telling import emit


def case_has(case: Case, occurrence: Occurrence, *, new: bool) -> None:
    """A case was opened for an occurrence, or extended by it."""

    told: dict[str, JSON] = {"case": str(case.pk), "priority": case.priority}
    told |= {"submission": str(occurrence.intake_id), **_place(occurrence)}
    if new and case.follows_id is not None:
        told["follows"] = str(case.follows_id)
    emit("case.opened" if new else "case.extended", told)


def case_finished(case: Case) -> None:
    """A case was finished."""
    assert case.finished_at is not None
    emit("case.finished", {"case": str(case.pk), "at": case.finished_at.isoformat()})


def decision_made(decision: Decision) -> None:
    """Something was decided, or decided anew; what contains it follows."""
    place = _place(decision.occurrence)
    emit(
        "decision.made",
        {
            "decision": str(decision.pk),
            "case": str(decision.case_id),
            "submission": str(decision.occurrence.intake_id),
            "outcome": decision.outcome,
            "supersedes": str(decision.supersedes_id) if decision.supersedes_id else None,
            **place,
        },
    )
    contain(decision, place)


def restore(complaint: Complaint) -> None:
    """A complaint was upheld: what was taken down because of this goes up again."""
    emit(
        "item.restore",
        {
            "complaint": str(complaint.pk),
            "decision": str(complaint.superseding_id) if complaint.superseding_id else None,
            "submission": str(complaint.occurrence.intake_id),
            **_place(complaint.occurrence),
        },
    )


def submission_finished(occurrence: Occurrence, intake: Intake) -> None:
    """What was accepted as a job has its outcome."""
    emit(
        "submission.finished",
        {
            "submission": str(intake.pk),
            "outcome": intake.outcome,
            "reason": intake.reason or None,
            "limited": intake.limited or None,
            **_place(occurrence),
        },
    )


def _place(occurrence: Occurrence) -> dict[str, JSON]:
    keys = record_keys()
    return {
        "content": told_of_occurrence(keys, occurrence).content_id or None,
        "account": platform_id(keys, occurrence.account) if occurrence.account else None,
        "surface": occurrence.surface.name if occurrence.surface else None,
    }
