"""The rows of what was asked, as the core's steps read them."""

from __future__ import annotations

from safelight.hotlines.cybertipline.outcomes import Call, Outcome
from safelight.hotlines.cybertipline.steps import Attempt as Told
from safelight.hotlines.cybertipline.steps import Course
from safelight.server.hotlines.models import Attempt, Report, Step


def course_of(report: Report) -> Course:
    """Where a report stands. What is still pending counts as lost: nobody knows better."""
    attempts = Attempt.objects.filter(step__report=report).select_related("step").order_by("pk")
    return Course.after(map(_told, attempts), report.files.count())


def _told(attempt: Attempt) -> Told:
    step = attempt.step
    if step.call == Step.Call.RESTART:
        return Told.restarted(step.opening, attempt.at)
    if step.call == Step.Call.TOLD_FINISHED:
        return Told.told_finished(step.opening, attempt.at)
    pending = attempt.outcome == Attempt.PENDING
    return Told(
        step.opening,
        Call(step.call),
        Outcome.LOST if pending else Outcome(attempt.outcome),
        attempt.at,
        step.file,
        attempt.number,
        attempt.file_id,
    )


def step_of(report: Report, opening: int, call: Step.Call, file: int | None = None) -> Step:
    """The row of a step, made when it is first come to."""
    key = f"{report.pk}/{opening}/{call.value}" + ("" if file is None else f"/{file}")
    defaults = {"report": report, "opening": opening, "call": call.value, "file": file}
    return Step.objects.get_or_create(key=key, defaults=defaults)[0]
