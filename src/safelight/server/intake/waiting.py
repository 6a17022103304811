"""Items that wait to be scanned: how they begin to, and what becomes of everything that waited with them.

Everything here runs in the caller's transaction, with the item locked.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from safelight.server.alarm import raise_alarm
from safelight.server.cases.models import Case, CaseOccurrence
from safelight.server.ids import now
from safelight.server.intake.arrivals import TOLD_BY_SOMEBODY
from safelight.server.intake.causes import next_try
from safelight.server.intake.events import Event
from safelight.server.intake.matters import make_matter
from safelight.server.intake.models import Intake, Item, Occurrence, Unscanned
from safelight.server.intake.priorities import priority_of
from safelight.server.intake.record_keys import RecordKeys
from safelight.server.jobs.services import enqueue
from safelight.server.ledger.services import record
from safelight.server.people.actors import SystemActor
from safelight.types import Outcome, ScanResult, UnscannedReason, Verdict

UNSCANNED_FOR: Final = timedelta(days=7)
"""How long the bytes of a file that could not be scanned are kept, to scan them after all."""
PRIVATE_FOR: Final = timedelta(days=1)
"""The same of a private communication, which is kept only for its one scan."""
SCAN_JOB: Final = "intake.scan"
LET_GO_JOB: Final = "intake.let_go"
MATCHED_LATE: Final = "matched_after_finish"
"""The kind of the alert where a scan matches what is in a finished case."""

_SCAN: Final = SystemActor("scan")


def wait(item: Item, verdict: Verdict, occurrence: Occurrence, *, bytes_were_there: bool) -> None:
    """Have an item wait that could not be scanned. A clock that runs is never set anew by another arrival."""
    assert verdict.reason is not None
    row = Unscanned.objects.filter(item=item).first()
    runs = row is not None and row.state == Unscanned.State.WAITING and bytes_were_there
    if not runs:
        Unscanned.objects.update_or_create(
            item=item,
            defaults={
                "state": Unscanned.State.WAITING,
                "reason": verdict.reason.value,
                "since": now(),
                "attempts": 0,
                "next_try_at": next_try(verdict.reason, 0),
                "tried_with": "",
                "ended_at": None,
            },
        )
        held = occurrence.intake.kind in TOLD_BY_SOMEBODY or in_a_case(item)
        item.unscanned_until = (
            None if held else now() + (PRIVATE_FOR if occurrence.private else UNSCANNED_FOR)
        )
        item.save(update_fields=["unscanned_until"])
    if verdict.reason is UnscannedReason.NOT_YET:
        enqueue(SCAN_JOB, {"item": str(item.pk)})


def conclude(item: Item, result: ScanResult, keys: RecordKeys) -> None:
    """Give everything that waited for this item's scan its verdict, with the cases that follow from it."""
    waiting = Unscanned.objects.filter(item=item, state=Unscanned.State.WAITING)
    if not waiting.update(state=Unscanned.State.SCANNED, ended_at=now(), next_try_at=None):
        return
    for occurrence in _waiting_with(item):
        _answer(occurrence.intake, result.verdict)
        _follow(occurrence, result, keys)
        record(
            Event.OCCURRENCE_SCANNED,
            _SCAN,
            subject=occurrence.pk,
            payload={"outcome": result.verdict.outcome.value},
        )
        if occurrence.private and result.verdict.outcome is Outcome.CLEAR:
            drop(occurrence)
    _let_go_of_bytes(item)


def still_unscanned(item: Item, reason: UnscannedReason, version: str) -> None:
    """Note that it was tried in vain. Of private communications nothing is kept for another try."""
    row = Unscanned.objects.get(item=item)
    if row.state != Unscanned.State.WAITING:
        return
    for occurrence in _waiting_with(item):
        _answer(occurrence.intake, Verdict(Outcome.UNSCANNED, "not-scanned", reason))
        if occurrence.private:
            drop(occurrence)
    row.reason, row.tried_with, row.attempts = reason.value, version, row.attempts + 1
    row.next_try_at = next_try(reason, row.attempts)
    if not item.occurrences.exists():
        row.state, row.ended_at, row.next_try_at = Unscanned.State.EXPIRED, now(), None
        _let_go_of_bytes(item)
    row.save()


def refuse_waiting(item: Item, occurrence: Occurrence) -> None:
    """What permitted its scan has ended since it arrived: it is not looked at, and nothing of it is kept."""
    _answer(occurrence.intake, Verdict(Outcome.UNSCANNED, "not-permitted", UnscannedReason.NOT_PERMITTED))
    drop(occurrence)
    if not item.occurrences.exists():
        ended = {"state": Unscanned.State.EXPIRED, "ended_at": now(), "next_try_at": None}
        Unscanned.objects.filter(item=item).update(**ended)
        _let_go_of_bytes(item)


def in_a_case(item: Item) -> bool:
    """Whether the item's evidence belongs to a case, finished or not."""
    return CaseOccurrence.objects.filter(occurrence__item=item).exists()


def drop(occurrence: Occurrence) -> None:
    """Delete an occurrence that belongs to no case, and what was told with it; its arrival stays counted."""
    if CaseOccurrence.objects.filter(occurrence=occurrence).exists():
        return
    Intake.objects.filter(pk=occurrence.intake_id).update(told=None)
    occurrence.delete()


def _waiting_with(item: Item) -> list[Occurrence]:
    """In the order of accounts, which following cases lock one after the other."""
    unscanned = item.occurrences.filter(intake__outcome=Outcome.UNSCANNED.value)
    return list(unscanned.select_related("intake", "surface", "account").order_by("account_id", "pk"))


def _answer(intake: Intake, verdict: Verdict) -> None:
    intake.outcome, intake.rule = verdict.outcome.value, verdict.rule
    intake.reason = verdict.reason.value if verdict.reason else ""
    intake.limited = verdict.limited.value if verdict.limited else ""
    intake.save(update_fields=["outcome", "rule", "reason", "limited"])


def _follow(occurrence: Occurrence, result: ScanResult, keys: RecordKeys) -> None:
    matched = result.verdict.outcome in (Outcome.MATCH, Outcome.HOLD)
    case = Case.objects.filter(members__occurrence=occurrence).first()
    if case is not None and case.state == Case.State.FINISHED:
        if matched:
            raise_alarm(MATCHED_LATE, subject=case.pk, detail="A file of a finished case has matched since.")
        return
    if matches := result.observation.matches:
        occurrence.match_tag = keys.match_tag(matches)
        occurrence.save(update_fields=["match_tag"])
    if case is None:
        make_matter(occurrence, result, _SCAN)
    elif matched:
        asked = priority_of(Intake.Kind(occurrence.intake.kind), result.verdict, matches)
        Case.objects.filter(pk=case.pk, priority__lt=asked).update(priority=asked)


def _let_go_of_bytes(item: Item) -> None:
    """Unless a case holds them, the bytes were kept for this scan only."""
    if in_a_case(item):
        until = None
    else:
        until = now()
        enqueue(LET_GO_JOB, {"item": str(item.pk)})
    item.unscanned_until = until
    item.save(update_fields=["unscanned_until"])
