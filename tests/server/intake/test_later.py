"""What is scanned later: large files, video and archives in their turn, and what failed before."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from intake_doubles import CountingScanner, MemoryVault

from safelight.errors import IndexDamaged
from safelight.server.cases.models import Case
from safelight.server.cases.services import finish
from safelight.server.ids import clock_at, now
from safelight.server.intake import scanning, waiting
from safelight.server.intake.context import Context
from safelight.server.intake.errors import NoSuchSubmission, NotWaiting
from safelight.server.intake.models import (
    Account,
    Intake,
    Item,
    LegalBasis,
    NotPermitted,
    Occurrence,
    Unscanned,
)
from safelight.server.intake.services import receive_file
from safelight.server.intake.status import submission
from safelight.server.intake.unscanned import (
    enqueue_due,
    expire_waiting,
    reasons,
    rescan_now,
    unscanned,
)
from safelight.server.jobs.models import Job
from safelight.server.jobs.registry import load_handlers
from safelight.server.jobs.working import work_once
from safelight.server.ledger.models import LedgerRow
from safelight.server.people.roles import Role
from safelight.server.vault.models import SealedObject
from safelight.types import Outcome, UnscannedReason

pytestmark = pytest.mark.usefixtures("committing_db", "keys", "vault", "scanner")
Make = Callable[..., Any]
FILE = b"a picture's bytes"
VIDEO = b"\x1a\x45\xdf\xa3" + b"a matroska file's bytes"
ARCHIVE = b"PK\x03\x04" + b"a zip file's bytes" * 3
WAITING, SCANNED, EXPIRED = Unscanned.State


@pytest.fixture
def work() -> Callable[[], int]:
    """Do every job that is due; how many there were."""
    load_handlers()

    def done() -> int:
        many = 0
        while work_once("a test"):
            many += 1
        assert not Job.objects.filter(state=Job.State.DEAD).exists()
        failed = Job.objects.exclude(last_error="").values_list("kind", "last_error")
        assert not list(failed)
        return many

    return done


def large() -> bytes:
    return os.urandom((8 << 20) + 1)


@pytest.mark.parametrize("what", ["large", "video", "archive"])
@pytest.mark.parametrize("outcome", [Outcome.CLEAR, Outcome.MATCH, Outcome.HOLD])
def test_what_is_too_much_for_a_request_is_accepted_and_scanned_by_a_job(
    sender: Make,
    spool: Make,
    scanner: CountingScanner,
    vault: MemoryVault,
    work: Make,
    what: str,
    outcome: Outcome,
) -> None:
    content = {"large": large(), "video": VIDEO, "archive": ARCHIVE}[what]
    scanner.told[content] = outcome
    actor, began = sender(audience="server"), now()
    with clock_at(lambda: began):
        received = receive_file(actor, spool(content), Context(account="u1"))
    assert scanner.calls == 0
    assert received.verdict.outcome is Outcome.UNSCANNED
    assert received.verdict.reason is UnscannedReason.NOT_YET
    assert received.case_id is None
    assert list(vault.bytes.values()) == [content]
    assert Item.objects.get().unscanned_until == began + timedelta(days=7)
    assert submission(actor, received.intake_id).verdict == received.verdict
    assert work() >= 1
    told = submission(actor, received.intake_id).verdict
    assert (told.outcome, told.reason) == (outcome, None)
    assert Unscanned.objects.get().state == SCANNED
    assert not scanner.in_transaction
    if outcome is Outcome.CLEAR:
        assert not Case.objects.exists()
        assert not vault.bytes
        assert Item.objects.get().outcome == "clear"
    else:
        assert Case.objects.get().members.get().occurrence_id == received.occurrence_id
        assert list(vault.bytes.values()) == [content]
        assert Item.objects.get().unscanned_until is None


def test_everything_that_waited_with_one_item_gets_its_verdict_and_its_case(
    sender: Make, spool: Make, scanner: CountingScanner, work: Make
) -> None:
    scanner.told[VIDEO] = Outcome.MATCH
    actor = sender()
    for account in ("u1", "u2", "u1", ""):
        receive_file(actor, spool(VIDEO), Context(account=account))
    work()
    assert scanner.calls == 1
    assert set(Intake.objects.values_list("outcome", flat=True)) == {"match"}
    assert Case.objects.count() == 3
    assert sum(case.members.count() for case in Case.objects.all()) == 4
    assert LedgerRow.objects.filter(event="occurrence.scanned").count() == 4


def test_the_same_file_sent_again_while_it_waits_does_not_move_its_clock(
    sender: Make, spool: Make, vault: MemoryVault
) -> None:
    began, actor = now(), sender()
    with clock_at(lambda: began):
        receive_file(actor, spool(VIDEO))
    with clock_at(lambda: began + timedelta(days=6)):
        receive_file(actor, spool(VIDEO))
    assert Item.objects.get().unscanned_until == began + timedelta(days=7)
    assert Unscanned.objects.get().since == began
    assert len(vault.bytes) == 1


def test_a_repeated_request_is_answered_as_it_stands_by_then(
    sender: Make, spool: Make, scanner: CountingScanner, work: Make
) -> None:
    scanner.told[VIDEO] = Outcome.MATCH
    actor = sender(audience="server")
    first = receive_file(actor, spool(VIDEO), idempotency_key="once")
    assert receive_file(actor, spool(VIDEO), idempotency_key="once") == first
    work()
    again = receive_file(actor, spool(VIDEO), idempotency_key="once")
    assert (again.intake_id, again.verdict.outcome) == (first.intake_id, Outcome.MATCH)
    assert Intake.objects.count() == 1


def test_a_submission_is_its_senders_own_and_tells_an_uploader_nothing(sender: Make, spool: Make) -> None:
    uploader, server = sender(), sender(audience="server")
    received = receive_file(uploader, spool(FILE))
    assert submission(uploader, received.intake_id).verdict is None
    with pytest.raises(NoSuchSubmission):
        submission(server, received.intake_id)


def test_of_a_private_communication_nothing_is_left_after_its_scan_unless_it_matched(
    sender: Make, spool: Make, scanner: CountingScanner, vault: MemoryVault, work: Make
) -> None:
    actor = sender("private", audience="server")
    LegalBasis.objects.create(surface=actor.key.surface, permitted=True, basis="a law")
    began = now()
    scanner.told |= {VIDEO: Outcome.CLEAR, ARCHIVE: Outcome.UNSCANNED}
    with clock_at(lambda: began):
        clear = receive_file(actor, spool(VIDEO), Context(account="u1", sender="somebody"))
        failed = receive_file(actor, spool(ARCHIVE), Context(account="u1"))
    assert set(Item.objects.values_list("unscanned_until", flat=True)) == {began + timedelta(days=1)}
    work()
    assert not any(model.objects.exists() for model in (Item, Occurrence, Unscanned))
    assert not vault.bytes
    assert not SealedObject.objects.filter(state="sealed").exists()
    assert set(Intake.objects.values_list("told", flat=True)) == {None}
    assert submission(actor, clear.intake_id).verdict.outcome is Outcome.CLEAR
    assert submission(actor, failed.intake_id).verdict.reason is UnscannedReason.UNSUPPORTED
    scanner.told[VIDEO] = Outcome.MATCH
    receive_file(actor, spool(VIDEO), Context(account="u1"))
    work()
    assert Case.objects.get().members.count() == 1


def test_what_a_basis_no_longer_permits_is_let_go_unread(
    sender: Make, spool: Make, scanner: CountingScanner, vault: MemoryVault, work: Make, monkeypatch: Any
) -> None:
    actor = sender("private", audience="server")
    basis = LegalBasis.objects.create(surface=actor.key.surface, permitted=True, basis="a law")
    received = receive_file(actor, spool(VIDEO), Context(account="u1"))
    LegalBasis.objects.filter(pk=basis.pk).update(withdrawn_at=now())
    monkeypatch.setattr(vault, "read", None)
    work()
    assert scanner.calls == 0
    assert not Item.objects.exists()
    assert not vault.bytes
    assert submission(actor, received.intake_id).verdict.reason is UnscannedReason.NOT_PERMITTED
    assert NotPermitted.objects.get().count == 1


def test_a_public_arrival_keeps_its_hashes_when_a_private_one_of_the_same_file_is_dropped(
    sender: Make, spool: Make, work: Make
) -> None:
    private = sender("private")
    LegalBasis.objects.create(surface=private.key.surface, permitted=True, basis="a law")
    receive_file(private, spool(VIDEO), Context(account="u1"))
    receive_file(sender(), spool(VIDEO), Context(account="u2"))
    work()
    assert [one.private for one in Occurrence.objects.all()] == [False]
    assert Item.objects.get().outcome == "clear"


def test_what_somebody_reports_is_a_case_at_once_and_grows_more_urgent_by_its_scan(
    sender: Make, spool: Make, scanner: CountingScanner, vault: MemoryVault, work: Make
) -> None:
    scanner.told[VIDEO] = Outcome.MATCH
    receive_file(sender(), spool(VIDEO), Context(account="u1"), kind=Intake.Kind.USER_REPORT)
    assert Case.objects.get().priority == 60
    assert Item.objects.get().unscanned_until is None
    work()
    assert Case.objects.get().priority == 80
    assert Occurrence.objects.get().match_tag is not None
    assert len(vault.bytes) == 1


def test_a_match_found_after_its_case_was_finished_changes_nothing_there_and_alarms(
    sender: Make, spool: Make, scanner: CountingScanner, work: Make, actor_with: Make, monkeypatch: Any
) -> None:
    from safelight.server.cases.decisions import decide

    scanner.told[VIDEO] = Outcome.MATCH
    receive_file(sender(), spool(VIDEO), Context(account="u1"), kind=Intake.Kind.USER_REPORT)
    reviewer, case = actor_with(Role.REVIEWER), Case.objects.get()
    Case.objects.update(assigned_to=reviewer.person)
    decide(reviewer, case, Occurrence.objects.get(), "dismissed", reason="a landscape")
    finish(reviewer, case)
    told: list[str] = []
    monkeypatch.setattr(waiting, "raise_alarm", lambda kind, **_: told.append(kind))
    work()
    assert told == ["matched_after_finish"]
    assert Occurrence.objects.get().match_tag is None


@pytest.mark.parametrize("error", [IndexDamaged("no index"), OSError("gone")])
def test_where_nothing_can_be_scanned_bytes_are_sealed_and_scanned_when_the_cause_is_gone(
    sender: Make,
    spool: Make,
    scanner: CountingScanner,
    vault: MemoryVault,
    work: Make,
    monkeypatch: Any,
    error: Exception,
) -> None:
    def broken() -> Any:
        raise error

    files, actor = [f"file {number}".encode() for number in range(5)], sender(audience="server")
    scanner.told[files[3]] = Outcome.MATCH
    began = now()
    with monkeypatch.context() as down:
        down.setattr(scanning, "process_scanner", broken)
        received = [receive_file(actor, spool(file)) for file in files]
        assert {one.verdict.reason for one in received} == {UnscannedReason.DEPENDENCY_DOWN}
        assert sorted(vault.bytes.values()) == files
        with clock_at(lambda: began + timedelta(minutes=2)):
            assert enqueue_due() == 1  # one is tried for all
            work()
    assert Unscanned.objects.filter(state=WAITING).count() == 5
    with clock_at(lambda: began + timedelta(minutes=40)):
        assert enqueue_due() == 1
        work()
    assert Unscanned.objects.filter(state=SCANNED).count() == 5
    assert [submission(actor, one.intake_id).verdict.outcome for one in received].count(Outcome.MATCH) == 1
    assert list(vault.bytes.values()) == [files[3]]


def test_what_lies_in_the_file_waits_for_another_version_or_a_person(
    sender: Make, spool: Make, scanner: CountingScanner, work: Make, monkeypatch: Any, actor_with: Make
) -> None:
    scanner.told[FILE] = Outcome.UNSCANNED
    receive_file(sender(), spool(FILE))
    assert enqueue_due() == 0
    lead = actor_with(Role.LEAD)
    [row] = unscanned(lead).items
    assert (row.reason, row.next_try_at) == (UnscannedReason.UNSUPPORTED, None)
    rescan_now(lead, row.item)
    work()
    assert (Unscanned.objects.get().state, Unscanned.objects.get().attempts) == (WAITING, 1)
    assert enqueue_due() == 0
    monkeypatch.setattr("safelight.server.intake.unscanned.version", lambda _: "99.0")
    scanner.told[FILE] = Outcome.CLEAR
    assert enqueue_due() == 1
    work()
    with pytest.raises(NotWaiting):
        rescan_now(lead, row.item)


def test_what_happened_by_chance_is_tried_again_ever_more_rarely(
    sender: Make, spool: Make, scanner: CountingScanner, work: Make
) -> None:
    scanner.told[FILE], scanner.reasons[FILE] = Outcome.UNSCANNED, UnscannedReason.TIMEOUT
    began = present = now()
    receive_file(sender(), spool(FILE))
    tried = []
    while present < began + timedelta(days=6):
        with clock_at(lambda at=present: at):
            if enqueue_due():
                work()
                tried.append(present)
        present += timedelta(minutes=30)
    assert 8 < len(tried) < 30
    assert Unscanned.objects.get().attempts == len(tried)


def test_what_is_never_scanned_is_counted_and_alarmed_and_never_clear(
    sender: Make, spool: Make, scanner: CountingScanner, monkeypatch: Any
) -> None:
    scanner.told[FILE] = Outcome.UNSCANNED
    actor, began, told = sender(audience="server"), now(), []
    monkeypatch.setattr("safelight.server.intake.unscanned.raise_alarm", lambda kind, **_: told.append(kind))
    received = receive_file(actor, spool(FILE))
    assert expire_waiting() == 0
    with clock_at(lambda: began + timedelta(days=7, minutes=1)):
        assert expire_waiting() == 1
        assert expire_waiting() == 0
    assert told == ["unscanned_expired"]
    assert Unscanned.objects.get().state == EXPIRED
    verdict = submission(actor, received.intake_id).verdict
    assert (verdict.outcome, verdict.rule) == (Outcome.UNSCANNED, "not-scanned-in-time")
    assert LedgerRow.objects.filter(event="item.unscanned_expired").count() == 1


def test_what_is_extended_by_name_and_reason_is_not_expired(
    sender: Make, spool: Make, scanner: CountingScanner, actor_with: Make
) -> None:
    from safelight.server.vault.models import Extension

    scanner.told[FILE] = Outcome.UNSCANNED
    receive_file(sender(), spool(FILE))
    later = now() + timedelta(days=8)
    Extension.objects.create(
        object=SealedObject.objects.get(), until=later + timedelta(days=1), reason="counsel asked",
        person=actor_with(Role.LEAD).person,
    )  # fmt: skip
    with clock_at(lambda: later):
        assert expire_waiting() == 0
    with clock_at(lambda: later + timedelta(days=2)):
        assert expire_waiting() == 1


def test_the_queue_shows_why_and_pages_stay_right_while_it_changes(
    sender: Make, spool: Make, scanner: CountingScanner, actor_with: Make
) -> None:
    actor, lead = sender(), actor_with(Role.LEAD)
    names = {UnscannedReason.TIMEOUT: 3, UnscannedReason.UNSUPPORTED: 4}
    for reason, many in names.items():
        for number in range(many):
            content = f"{reason} {number}".encode()
            scanner.told[content], scanner.reasons[content] = Outcome.UNSCANNED, reason
            receive_file(actor, spool(content))
    assert {one.reason: one.count for one in reasons(lead)} == names
    whole = [row.item for row in unscanned(lead, limit=200).items]
    assert len(whole) == 7
    first = unscanned(lead, limit=3)
    Unscanned.objects.filter(item=whole[0]).update(state=SCANNED)
    rest = unscanned(lead, limit=200, after=first.after)
    assert [row.item for row in (*first.items, *rest.items)] == whole
    assert rest.after is None
    only = unscanned(lead, reason=UnscannedReason.TIMEOUT)
    assert {row.reason for row in only.items} == {UnscannedReason.TIMEOUT}


def test_a_scan_killed_in_between_is_done_again_and_once(
    sender: Make, spool: Make, scanner: CountingScanner, work: Make, monkeypatch: Any
) -> None:
    scanner.told[VIDEO] = Outcome.MATCH
    receive_file(sender(), spool(VIDEO), Context(account="u1"))
    real = waiting.make_matter

    def killed(*_: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(waiting, "make_matter", killed)
    load_handlers()
    work_once("a test")
    assert not Case.objects.exists()
    assert Intake.objects.get().outcome == "unscanned"
    monkeypatch.setattr(waiting, "make_matter", real)
    Job.objects.update(due_at=now(), last_error="")
    work()
    assert Case.objects.get().members.count() == 1
    assert Account.objects.count() == 1
