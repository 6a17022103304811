"""What was asked of the hotline and what it answered, for the page of a report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from safelight.server.hotlines.models import Attempt, Orphan, Receipt, Report, Sending


@dataclass(frozen=True, slots=True)
class Protocol:
    """The steps of one report, the last first; ``why`` is what it was stopped by, empty if it is not.

    ``receipt_text`` is the receipt as it came. Answers hold nothing of what was reported.
    """

    attempts: Sequence[Attempt]
    orphans: Sequence[Orphan]
    receipt: Receipt | None
    receipt_text: str
    why: str
    last_told: str


def protocol_of(report: Report) -> Protocol:
    """Everything that is on record of sending a report."""
    asked = Attempt.objects.filter(step__report=report).select_related("step", "person").order_by("-pk")
    attempts = list(asked)
    receipt = Receipt.objects.filter(report=report).first()
    sending = Sending.objects.filter(report=report).first()
    stopped = report.state == Report.State.STOPPED
    return Protocol(
        attempts=attempts,
        orphans=list(report.orphans.order_by("opening")),
        receipt=receipt,
        receipt_text="" if receipt is None else bytes(receipt.body).decode("utf-8", "replace"),
        why=sending.why if sending is not None and stopped else "",
        last_told=attempts[0].told if attempts and stopped else "",
    )
