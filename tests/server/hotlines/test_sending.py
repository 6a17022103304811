"""From a draft to its receipt: every step and every answer is a row, and nothing lost is guessed away."""

from __future__ import annotations

import hashlib

import pytest

from safelight.hotlines.mock.faults import Fault, Faults
from safelight.hotlines.mock.serving import Conduct
from safelight.hotlines.mock.state import Standing


class Once(Faults):
    """These faults for these calls, once each, in this order."""

    def __init__(self, *told: tuple[str, Fault]) -> None:
        super().__init__(0)
        self.told = list(told)

    def draw(self, call: str) -> Fault | None:
        if self.told and self.told[0][0] == call:
            return self.told.pop(0)[1]
        return None


@pytest.fixture
def misbehave(mock):
    def told(*faults: tuple[str, Fault]) -> None:
        mock.conduct(Conduct(faults=Once(*faults), silent_seconds=0.1, slow_seconds=0.1))

    return told


def stored(report) -> list[tuple[int, str, int | None, str]]:
    from safelight.server.hotlines.models import Attempt

    found = Attempt.objects.filter(step__report=report).select_related("step").order_by("pk")
    return [(one.step.opening, one.step.call, one.step.file, one.outcome) for one in found]


def test_a_report_goes_from_draft_to_receipt_and_each_answer_is_kept_verbatim(
    report_of, reporter, sending, hotline
) -> None:
    from safelight.server.hotlines.models import Attempt
    from safelight.server.hotlines.sending import send

    report = report_of(b"first", b"second" * 500_000)
    assert send(reporter, report).state == "sending"
    sending()
    report.refresh_from_db()
    [kept] = hotline.reports()
    assert (report.state, report.number, kept.standing) == ("finished", str(kept.id), Standing.FINISHED)
    assert stored(report) == [
        (1, "submit", None, "acknowledged"), (1, "upload", 0, "acknowledged"),
        (1, "fileinfo", 0, "acknowledged"), (1, "upload", 1, "acknowledged"),
        (1, "fileinfo", 1, "acknowledged"), (1, "finish", None, "acknowledged"),
    ]  # fmt: skip
    given = {one.request_id: one.body for one in hotline.answers()}
    assert {a.request_id: bytes(a.body) for a in Attempt.objects.all()} == given
    assert bytes(report.receipt.body) == hotline.answers()[-1].body
    assert report.receipt.receipted
    assert [file.md5 for file in kept.files] == [
        hashlib.md5(content).hexdigest() for content in (b"first", b"second" * 500_000)
    ]


@pytest.mark.parametrize(
    ("fault", "finished_before"), [(Fault.DONE_THEN_DROPPED, True), (Fault.BUSY, False), (Fault.ERROR, False)]
)
def test_a_lost_finish_is_repeated_for_the_same_report(
    report_of, reporter, sending, hotline, misbehave, fault, finished_before
) -> None:
    from safelight.server.hotlines.sending import send

    report = send(reporter, report_of(b"a file"))
    misbehave(("finish", fault))
    sending()
    report.refresh_from_db()
    [kept] = hotline.reports()
    assert (kept.standing, kept.finishes) == (Standing.FINISHED, 1)
    assert report.receipt.receipted != finished_before
    if finished_before:
        assert b"5102" in bytes(report.receipt.body)


@pytest.mark.parametrize("call", ["submit", "upload", "fileinfo", "retract", "finish"])
def test_a_server_error_at_any_step_is_tried_again_until_the_report_is_finished(
    report_of, reporter, sending, hotline, misbehave, call
) -> None:
    from safelight.server.hotlines.sending import send

    report = send(reporter, report_of(b"a file"))
    lost_before = [("upload", Fault.DONE_THEN_DROPPED)] if call == "retract" else []
    misbehave(*lost_before, *[(call, Fault.ERROR)] * 3)
    sending()
    report.refresh_from_db()
    assert (report.state, report.receipt.receipted) == ("finished", True)
    finished = [kept for kept in hotline.reports() if kept.standing is Standing.FINISHED]
    assert [(kept.finishes, len(kept.files)) for kept in finished] == [(1, 1)]
    assert report.orphans.count() == (3 if call == "submit" else 0)


def test_a_lost_submit_leaves_an_orphan_on_record(report_of, reporter, sending, hotline, misbehave) -> None:
    from safelight.server.hotlines.sending import send

    report = send(reporter, report_of(b"a file"))
    misbehave(("submit", Fault.DONE_THEN_DROPPED))
    sending()
    report.refresh_from_db()
    assert [kept.standing for kept in hotline.reports()] == [Standing.OPEN, Standing.FINISHED]
    [orphan] = report.orphans.all()
    assert (orphan.opening, orphan.number) == (1, "")
    assert orphan.gone_by > orphan.since


def test_a_lost_upload_is_retracted_and_opened_anew(report_of, reporter, sending, hotline, misbehave) -> None:
    from safelight.server.hotlines.sending import send

    report = send(reporter, report_of(b"a file"))
    misbehave(("upload", Fault.DONE_THEN_CUT), ("retract", Fault.FAILED))
    sending()
    first, second = hotline.reports()
    assert (first.standing, second.standing) == (Standing.RETRACTED, Standing.FINISHED)
    assert len(second.files) == 1
    assert not report.orphans.exists()


def test_a_refused_repeat_of_fileinfo_is_retracted_and_opened_anew(
    report_of, reporter, sending, hotline, misbehave
) -> None:
    from safelight.server.hotlines.sending import send

    report = send(reporter, report_of(b"a file"))
    misbehave(("fileinfo", Fault.DONE_THEN_DROPPED))
    sending()
    assert [kept.standing for kept in hotline.reports()] == [Standing.RETRACTED, Standing.FINISHED]
    assert (1, "fileinfo", 0, "refused") in stored(report)


def test_a_rehearsal_starts_no_clock_and_is_no_report(report_of, reporter, sending) -> None:
    from safelight.server.hotlines.sending import finished_at, send
    from safelight.server.vault.models import SealedObject
    from safelight.server.webhooks.models import Delivery

    report = send(reporter, report_of(b"a file"))
    sending()
    report.refresh_from_db()
    assert report.state == "finished"
    assert finished_at(report) is None
    assert set(SealedObject.objects.values_list("standing", flat=True)) == {"undecided"}
    assert not Delivery.objects.exists()


def test_a_production_receipt_starts_the_preservation_clock(
    reporter, sending, set_up, hotline, mock, monkeypatch
) -> None:
    from report_rows import case_of, draft_of, item_of

    from safelight.hotlines.cybertipline import environments
    from safelight.server.hotlines import places
    from safelight.server.hotlines.sending import finished_at, send
    from safelight.server.vault.models import SealedObject
    from safelight.types import ListClass

    real = item_of(b"stands in for what a list of abuse material matched", ListClass.CSAM)
    report = draft_of(case_of(real), environment="production")
    set_up(environment="production")
    monkeypatch.setitem(environments.BASES, environments.Environment.PRODUCTION, mock.base)
    monkeypatch.setattr(places, "production_is_on", lambda: True)
    send(reporter, report)
    sending()
    report.refresh_from_db()
    row = SealedObject.objects.get(item=real)
    assert (row.standing, row.since) == ("reported", finished_at(report))


@pytest.mark.parametrize("list_class", ["csam", "known_good", None])
def test_test_and_mock_refuse_what_is_not_of_class_test(reporter, sending, hotline, list_class) -> None:
    from report_rows import case_of, draft_of, item_of

    from safelight.server.hotlines.errors import NotForRehearsal
    from safelight.server.hotlines.sending import send
    from safelight.types import ListClass

    kind = ListClass(list_class) if list_class else None
    report = draft_of(case_of(item_of(b"of class test"), item_of(b"another", kind)))
    with pytest.raises(NotForRehearsal):
        send(reporter, report)
    sending()
    assert hotline.reports() == []


def test_what_became_real_after_it_was_handed_over_is_not_sent(report_of, reporter, sending, hotline) -> None:
    from safelight.server.hotlines.models import Report
    from safelight.server.hotlines.sending import send
    from safelight.server.intake.record_keys import record_keys

    report = send(reporter, report_of(b"a file"))
    item = report.files.get().item
    seen = record_keys().open_observation(item.pk, item.observation)
    from dataclasses import replace

    from safelight.types import ListClass

    real = replace(seen.observation.matches[0], list_class=ListClass.CSAM)
    now_real = replace(seen, observation=replace(seen.observation, matches=(real,)))
    item.observation = record_keys().seal_observation(item.pk, now_real)
    item.save()
    sending()
    assert Report.objects.get(pk=report.pk).state == "stopped"
    assert hotline.reports() == []


def test_production_needs_the_setting_and_two_people(report_of, reporter, actor_with, set_up) -> None:
    from safelight.server.hotlines import places
    from safelight.server.hotlines.errors import NoHotline
    from safelight.server.hotlines.sending import send
    from safelight.server.people.proposals import approve
    from safelight.server.people.roles import Role

    report = report_of(b"a file")
    set_up(environment="production")
    with pytest.raises(NoHotline):
        send(reporter, report)
    first, second = actor_with(Role.ADMINISTRATOR), actor_with(Role.ADMINISTRATOR)
    proposal = places.propose_production(first, on=True, reason="We are registered.")
    assert not places.production_is_on()
    approve(second, proposal.pk)
    assert places.production_is_on()
    assert places.counts()
    approve(second, places.propose_production(first, on=False, reason="We rehearse again.").pk)
    assert not places.counts()


def test_bad_credentials_stop_with_one_message_and_new_ones_go_on(
    report_of, reporter, sending, hotline, set_up
) -> None:
    from safelight.server.alerts.models import Alert
    from safelight.server.hotlines.sending import send
    from safelight.server.hotlines.watching import watch

    set_up(password="wrong")
    reports = [send(reporter, report_of(bytes([n]), mark=str(n))) for n in range(5)]
    sending()
    for _ in range(3):
        watch()
        sending()
    assert [answer.status for answer in hotline.answers()] == [401]
    [alert] = Alert.objects.filter(kind="hotline_credentials", cleared_at=None)
    assert "401" in alert.detail
    set_up()
    watch()
    sending()
    assert not Alert.objects.filter(kind="hotline_credentials", cleared_at=None).exists()
    for report in reports:
        report.refresh_from_db()
    assert {report.state for report in reports} == {"finished"}
    assert len(hotline.reports()) == 5


def test_a_refused_report_waits_for_a_person_and_goes_on_from_a_new_opening(
    report_of, reporter, sending, hotline
) -> None:
    from dataclasses import replace

    from report_rows import handed_over, summary

    from safelight.hotlines.model import Reporter
    from safelight.server.alerts.models import Alert
    from safelight.server.hotlines.draft_errors import NotReady
    from safelight.server.hotlines.errors import NotToBeSent
    from safelight.server.hotlines.sealed import seal_content
    from safelight.server.hotlines.sending import restart, send, told_finished

    report = report_of(b"a file")
    seal_content(report, replace(summary("no address"), reporter=Reporter()))
    report.save()
    with pytest.raises(NotReady):
        send(reporter, report)
    handed_over(report)
    sending()
    report.refresh_from_db()
    assert report.state == "stopped"
    assert Alert.objects.get(kind="report_stopped").cleared_at is None
    with pytest.raises(NotToBeSent):
        told_finished(reporter, report, "they said so")
    seal_content(report, summary("with one"))
    report.save()
    restart(reporter, report, "the address is there now")
    sending()
    report.refresh_from_db()
    assert report.state == "finished"
    assert Alert.objects.get(kind="report_stopped").cleared_at is not None


def test_the_watchdog_alarms_before_the_hotline_deletes_and_brings_lost_jobs_back(
    report_of, reporter, sending, misbehave, hotline
) -> None:
    from datetime import timedelta

    from safelight.server.alerts.models import Alert
    from safelight.server.hotlines.sending import send
    from safelight.server.hotlines.watching import watch
    from safelight.server.ids import clock_at, now
    from safelight.server.jobs.models import Job

    report = send(reporter, report_of(b"a file"))
    Job.objects.filter(kind="hotlines.send").delete()
    present = now()
    with clock_at(lambda: present + timedelta(hours=15)):
        watch()
        assert not Alert.objects.filter(kind="report_deadline").exists()
    Job.objects.filter(kind="hotlines.send").delete()
    with clock_at(lambda: present + timedelta(hours=17)):
        watch()
    assert Alert.objects.get(kind="report_deadline").subject == str(report.pk)
    sending()
    assert [kept.standing for kept in hotline.reports()] == [Standing.FINISHED]
    assert Alert.objects.get(kind="report_deadline").cleared_at is not None


@pytest.mark.parametrize("days", [-400, 400])
def test_a_clock_that_is_set_while_a_report_pauses_neither_holds_it_up_nor_doubles_it(
    report_of, reporter, sending, hotline, misbehave, monkeypatch, days
) -> None:
    from datetime import timedelta

    from django.db.models import F

    from safelight.server.hotlines import driving
    from safelight.server.hotlines.sending import send
    from safelight.server.hotlines.watching import watch
    from safelight.server.ids import clock_at, now
    from safelight.server.jobs.models import Job

    monkeypatch.setattr(driving, "FIRST_PAUSE", 900.0)
    report = send(reporter, report_of(b"a file"))
    misbehave(("upload", Fault.FAILED))
    sending()
    assert [outcome for *_, outcome in stored(report)] == ["acknowledged", "failed"]
    skewed = now() + timedelta(days=days)
    with clock_at(lambda: skewed):
        watch()
        # Jobs are due by the database's clock, which here lets the pause be over.
        Job.objects.filter(kind="hotlines.send").update(due_at=F("due_at") - timedelta(hours=1))
        sending()
    report.refresh_from_db()
    [kept] = hotline.reports()
    assert (report.state, kept.standing, kept.finishes, len(kept.files)) == (
        "finished", Standing.FINISHED, 1, 1,
    )  # fmt: skip
    assert not report.orphans.exists()


def test_a_second_worker_takes_over_and_the_first_writes_nothing_but_its_late_answer(
    report_of, reporter, sending, hotline
) -> None:
    from safelight.hotlines.cybertipline.outcomes import Call, Outcome
    from safelight.hotlines.cybertipline.steps import Ask
    from safelight.server.hotlines import recording
    from safelight.server.hotlines.asking import Ended, prepare
    from safelight.server.hotlines.models import Attempt
    from safelight.server.hotlines.sending import send
    from safelight.server.jobs.errors import LeaseLost

    report = send(reporter, report_of(b"a file"))
    assert recording.take(report.pk, "first")
    attempt = recording.begin(report, "first", prepare(recording.SENDER, report, Ask(Call.SUBMIT, 1)))
    assert recording.take(report.pk, "second")
    from safelight.hotlines.cybertipline.answers import Answer

    came = Answer(200, b"verbatim", code=0, report_id="77")
    with pytest.raises(LeaseLost):
        recording.end(report, "first", attempt, Ended(Outcome.ACKNOWLEDGED, came, "late"))
    attempt.refresh_from_db()
    assert (attempt.outcome, attempt.late, bytes(attempt.body)) == ("lost", True, b"verbatim")
    with pytest.raises(LeaseLost):
        recording.begin(report, "first", prepare(recording.SENDER, report, Ask(Call.SUBMIT, 1)))
    sending()
    assert [kept.standing for kept in hotline.reports()] == [Standing.FINISHED]
    assert [orphan.opening for orphan in report.orphans.all()] == [1]
    assert Attempt.objects.filter(outcome="pending").count() == 0


def test_evidence_that_is_gone_stops_the_report_in_words(report_of, reporter, sending, hotline) -> None:
    from django.db import transaction

    from safelight.server.alerts.models import Alert
    from safelight.server.hotlines.sending import send
    from safelight.server.vault.key_records import erase

    report = send(reporter, report_of(b"a file"))
    with transaction.atomic():
        erase(report.files.get().item.sealed_objects.get().pk)
    sending()
    report.refresh_from_db()
    assert report.state == "stopped"
    assert "evidence of file 1" in Alert.objects.get(kind="report_stopped").detail


def test_confirmed_without_a_production_hotline_alarms(report_of, sending) -> None:
    from safelight.server.alerts.models import Alert
    from safelight.server.hotlines.watching import watch

    watch()
    assert not Alert.objects.filter(kind="hotline_missing").exists()
    report_of(b"a file")
    watch()
    assert Alert.objects.get(kind="hotline_missing").cleared_at is None


def test_after_a_restore_what_was_on_its_way_waits_for_a_person(
    report_of, reporter, sending, hotline
) -> None:
    from safelight.server.alerts.models import Alert
    from safelight.server.hotlines.restored import stop_what_was_on_its_way
    from safelight.server.hotlines.sending import restart, send, told_finished

    finished, not_finished = (send(reporter, report_of(bytes([n]), mark=str(n))) for n in range(2))
    assert stop_what_was_on_its_way() == 2
    sending()
    assert hotline.reports() == []
    assert "Ask the hotline" in Alert.objects.filter(kind="report_stopped")[0].detail
    assert told_finished(reporter, finished, "they say so").state == "finished"
    restart(reporter, not_finished, "they say that it was not")
    sending()
    not_finished.refresh_from_db()
    assert not_finished.state == "finished"
    assert len(hotline.reports()) == 1
