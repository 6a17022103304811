"""A receipt keeps what belongs to its case as long as the law asks, and its texts and addresses with it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from safelight.errors import UsageError
from safelight.server.cases.models import Case, CaseAccount, CaseOccurrence, Decision
from safelight.server.cases.services import finish
from safelight.server.ids import clock_at, new_id, now
from safelight.server.intake.context import IpSeen
from safelight.server.intake.models import Account, Intake, Occurrence
from safelight.server.intake.record_keys import record_keys
from safelight.server.intake.told import ip_event
from safelight.server.jobs.models import Job
from safelight.server.ledger.models import LedgerRow
from safelight.server.people.roles import Role
from safelight.server.vault import place
from safelight.server.vault.key_records import key_record
from safelight.server.vault.models import Preserved, SealedObject
from safelight.server.vault.preserving import SEAL_CONTEXT, seal_context
from safelight.server.vault.retention import retention_of
from safelight.server.vault.services import on_receipt, purge_once, ruling, stands
from safelight.vault.retention import Standing

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def reviewer(actor_with):
    return actor_with(Role.SENIOR_REVIEWER)


@pytest.fixture
def case_of(seal_one, item_of, reviewer):
    """A case with one sealed file for each outcome, decided so; None is left undecided."""

    def make(*outcomes: str | None, rows: tuple[SealedObject, ...] = ()) -> tuple[Case, list[SealedObject]]:
        case = Case.objects.create(assigned_to=reviewer.person)
        sealed = list(rows) or [seal_one(b"", item_of()) for _ in outcomes]
        for row, outcome in zip(sealed, outcomes, strict=True):
            again = Occurrence.objects.filter(item=row.item).exists()
            intake = Intake.objects.create(kind=Intake.Kind.UPLOAD)
            seen = Occurrence.objects.create(intake=intake, item=row.item, first_seen=not again)
            CaseOccurrence.objects.create(case=case, occurrence=seen)
            if outcome is not None:
                Decision.objects.create(case=case, occurrence=seen, outcome=outcome, person=reviewer.person)
        return case, sealed

    return make


def receipted(case: Case, at: datetime, reference: str = "4711") -> Preserved:
    with transaction.atomic():
        return on_receipt(case, at, reference=reference)


def test_confirmed_files_stand_as_reported_and_the_others_as_their_context(case_of, reviewer) -> None:
    case, (confirmed, dismissed) = case_of("confirmed", "dismissed")
    finish(reviewer, case)
    at = now()
    receipted(case, at)
    for row, standing in ((confirmed, "reported"), (dismissed, "context")):
        row.refresh_from_db()
        assert (row.standing, row.since) == (standing, at)
        assert ruling(row.pk).due == at + 366 * DAY


def test_the_same_receipt_told_twice_is_one(case_of) -> None:
    case, _ = case_of("confirmed")
    at = now()
    assert receipted(case, at) == receipted(case, at)
    assert LedgerRow.objects.filter(event="evidence.preserved").count() == 1
    assert Job.objects.filter(kind=SEAL_CONTEXT).count() == 1


def test_a_later_receipt_moves_the_beginning_on_and_an_earlier_one_never_back(case_of, reviewer) -> None:
    case, (row, _) = case_of("confirmed", "dismissed")
    finish(reviewer, case)
    at = now()
    receipted(case, at)
    receipted(case, at + DAY, "4712")
    receipted(case, at - DAY, "4713")
    assert ruling(row.pk).due == at + 367 * DAY


def test_it_is_kept_through_day_364_and_gone_after_day_366(vault, case_of, reviewer, monkeypatch) -> None:
    from safelight.server.vault import destroying

    monkeypatch.setattr(destroying, "refuse_untrusted_clock", lambda: None)
    case, rows = case_of("confirmed", "dismissed")
    finish(reviewer, case)
    at = now()
    context = seal_context(receipted(case, at).pk)
    for days in (1, 90, 184, 364, 365):
        with clock_at(lambda then=at + days * DAY: then):
            assert purge_once().destroyed == ()
    with clock_at(lambda: at + 366 * DAY + timedelta(seconds=1)):
        assert set(purge_once().destroyed) == {context.pk, *(row.pk for row in rows)}


def test_what_comes_again_in_a_case_without_a_receipt_is_kept_beyond_its_year(
    vault, case_of, reviewer
) -> None:
    case, (row,) = case_of("confirmed")
    finish(reviewer, case)
    receipted(case, now() - 400 * DAY)
    assert ruling(row.pk).allowed
    later, _ = case_of("confirmed", rows=(row,))
    finish(reviewer, later)
    assert not ruling(row.pk).allowed
    receipted(later, now())
    assert ruling(row.pk).due is not None
    assert ruling(row.pk).due > now() + 365 * DAY


def test_the_context_of_one_report_that_is_confirmed_later_waits_for_its_own(case_of, reviewer) -> None:
    case, (row, _) = case_of("dismissed", "confirmed")
    finish(reviewer, case)
    receipted(case, now() - 400 * DAY)
    assert ruling(row.pk).allowed
    later, _ = case_of("confirmed", rows=(row,))
    finish(reviewer, later)
    row.refresh_from_db()
    assert row.standing == "unfinished"
    assert not ruling(row.pk).allowed


def test_a_dismissal_after_the_receipt_shortens_nothing(case_of, reviewer) -> None:
    case, (row, _) = case_of("dismissed", "confirmed")
    finish(reviewer, case)
    at = now()
    receipted(case, at)
    later, _ = case_of("dismissed", rows=(row,))
    finish(reviewer, later)
    assert ruling(row.pk).due == at + 366 * DAY


def test_no_way_around_makes_the_context_of_a_report_go_early(case_of, reviewer) -> None:
    case, (row, _) = case_of("dismissed", "confirmed")
    finish(reviewer, case)
    at = now()
    receipted(case, at)
    later, _ = case_of("confirmed", rows=(row,))
    finish(reviewer, later)
    stands(reviewer, row.pk, Standing.DISMISSED, at + DAY)
    assert ruling(row.pk).due is None
    receipted(later, at + 2 * DAY)
    assert ruling(row.pk).due == at + 368 * DAY


def test_a_late_dismissal_of_what_was_context_has_its_complaint_window(case_of, reviewer) -> None:
    case, (row, _) = case_of("dismissed", "confirmed")
    finish(reviewer, case)
    at = now() - 400 * DAY
    receipted(case, at)
    stands(reviewer, row.pk, Standing.DISMISSED, at + 300 * DAY)
    assert ruling(row.pk).due == at + 484 * DAY


def test_of_several_receipts_the_latest_counts(case_of, reviewer) -> None:
    case, (row, _) = case_of("dismissed", "confirmed")
    again, _ = case_of("dismissed", rows=(row,))
    at = now()
    for one, receipt in ((again, at + 20 * DAY), (case, at)):
        finish(reviewer, one)
        receipted(one, receipt)
    stands(reviewer, row.pk, Standing.DISMISSED, at + 30 * DAY)
    assert ruling(row.pk).due == at + 386 * DAY


def test_what_was_confirmed_and_then_not_asks_for_no_report(case_of, reviewer) -> None:
    case, (row,) = case_of("confirmed")
    finish(reviewer, case)
    at = now()
    receipted(case, at)
    again, _ = case_of("confirmed", rows=(row,))
    wrong = Decision.objects.get(case=again)
    Decision.objects.create(
        case=again,
        occurrence=wrong.occurrence,
        outcome="dismissed",
        person=reviewer.person,
        supersedes=wrong,
    )
    finish(reviewer, again)
    assert ruling(row.pk).due == at + 366 * DAY


def test_the_longest_wait_for_a_report_counts_from_when_it_began(case_of, reviewer) -> None:
    at = now()
    case, (row,) = case_of("confirmed")
    finish(reviewer, case)
    receipted(case, at)
    for later in (3 * DAY, 5 * DAY):
        again, _ = case_of("confirmed", rows=(row,))
        with clock_at(lambda later=later: at + later):
            finish(reviewer, again)
    row.refresh_from_db()
    waiting = retention_of(row)
    assert (waiting.standing, waiting.since) == (Standing.UNFINISHED, at + 3 * DAY)


@pytest.mark.parametrize(("receipt", "since"), [(-9, 3), (4, 4)])
def test_the_longest_wait_for_a_decision_counts_never_from_before_the_last_receipt(
    case_of, reviewer, receipt, since
) -> None:
    at = now()
    case, (row,) = case_of("confirmed")
    finish(reviewer, case)
    receipted(case, at + receipt * DAY)
    for later in (5 * DAY, 3 * DAY):
        with clock_at(lambda later=later: at + later):
            case_of(None, rows=(row,))
    row.refresh_from_db()
    waiting = retention_of(row)
    assert (waiting.standing, waiting.since) == (Standing.UNDECIDED, at + since * DAY)


def test_texts_accounts_and_addresses_are_sealed_as_they_stood(vault, case_of) -> None:
    case, (row,) = case_of("confirmed")
    keys = record_keys()
    account_id, text_id = new_id(), new_id()
    account = Account.objects.create(
        id=account_id, tag=b"a" * 32, platform_id=keys.seal_content("account", account_id, "u-17")
    )
    CaseAccount.objects.create(case=case, account=account, role=CaseAccount.Role.UPLOADER)
    text = Occurrence.objects.create(
        id=text_id,
        intake=Intake.objects.create(kind=Intake.Kind.TEXT),
        account=account,
        text=keys.seal_content("text", text_id, "good evening"),
        occurred_at=datetime(2026, 3, 1, tzinfo=UTC),
    )
    CaseOccurrence.objects.create(case=case, occurrence=text)
    ip_event(keys, text, IpSeen("203.0.113.9", 443)).save()
    sealed = seal_context(receipted(case, now()).pk)
    raw = place.vault().read(key_record(sealed), 0, sealed.length)
    told = json.loads(raw)
    assert told["accounts"][0]["platform_id"] == "u-17"
    of_file, of_text = sorted(told["occurrences"], key=lambda one: one["item"] is None)
    assert of_file["item"] == str(row.item_id)
    assert of_text["words"] == "good evening"
    assert of_text["addresses"][0]["address"] == "203.0.113.9"
    assert not of_text["unreadable"]
    assert b"good evening" not in b"".join(path.read_bytes() for path in vault.workspace.rglob("*.*"))


def test_sealing_the_context_again_changes_nothing(vault, case_of) -> None:
    case, _ = case_of("confirmed")
    kept = receipted(case, now())
    assert seal_context(kept.pk) == seal_context(kept.pk)
    assert SealedObject.objects.filter(item=None).count() == 1


def test_what_does_not_open_is_marked_and_takes_nothing_with_it(vault, case_of) -> None:
    case, _ = case_of("confirmed")
    text = Occurrence.objects.create(intake=Intake.objects.create(kind=Intake.Kind.TEXT), text=b"altered")
    CaseOccurrence.objects.create(case=case, occurrence=text)
    sealed = seal_context(receipted(case, now()).pk)
    told = json.loads(place.vault().read(key_record(sealed), 0, sealed.length))
    assert sorted(one["unreadable"] for one in told["occurrences"]) == [False, True]


def test_a_receipt_without_a_time_zone_is_refused(case_of) -> None:
    case, _ = case_of("confirmed")
    with pytest.raises(UsageError, match="time zone"):
        receipted(case, datetime(2026, 3, 1))  # noqa: DTZ001 - the mistake that is refused
