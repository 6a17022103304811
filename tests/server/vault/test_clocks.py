"""Holds, extensions, complaints and standings: who may change them, and what each does to the time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from safelight.errors import KeyRecordMissing, UsageError
from safelight.server.cases.models import Case, CaseOccurrence, Decision
from safelight.server.cases.services import finish
from safelight.server.ids import clock_at, new_id, now
from safelight.server.intake.models import Intake, Occurrence
from safelight.server.ledger.models import LedgerRow
from safelight.server.people.actors import SystemActor
from safelight.server.people.permissions import PermissionDenied
from safelight.server.people.roles import GRANTS, Permission, Role
from safelight.server.vault.models import SealedObject
from safelight.server.vault.retention import retention_of, retentions_of
from safelight.server.vault.services import (
    alarms,
    dispute,
    extend,
    hold,
    release,
    request_destruction,
    ruling,
    stands,
)
from safelight.vault.retention import Basis, Standing

WEB = SystemActor("web")
pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(actor_with):
    return actor_with(Role.LEAD)


def days(count: float) -> timedelta:
    return timedelta(days=count)


def test_new_evidence_is_undecided_and_has_no_end(seal_one) -> None:
    told = ruling(seal_one().pk)
    assert (told.allowed, told.due) == (False, None)


@pytest.mark.parametrize(("standing", "kept"), [(Standing.DISMISSED, 184), (Standing.REPORTED, 366)])
def test_it_is_kept_as_long_as_the_settings_say(seal_one, standing, kept) -> None:
    row, at = seal_one(), now()
    stands(WEB, row.pk, standing, at)
    assert ruling(row.pk).due == at + days(kept)


def test_an_extension_keeps_longer_and_never_shorter(seal_one, lead) -> None:
    row, at = seal_one(), now()
    stands(WEB, row.pk, Standing.DISMISSED, at)
    extend(lead, row.pk, at + days(400), "an appeal is announced")
    extend(lead, row.pk, at + days(200), "as counsel asked")
    assert ruling(row.pk).due == at + days(400)


def test_what_was_reported_stays_so_from_its_latest_receipt_on(seal_one) -> None:
    row, at = seal_one(), now()
    stands(WEB, row.pk, Standing.REPORTED, at)
    stands(WEB, row.pk, Standing.DISMISSED, at + days(1))
    stands(WEB, row.pk, Standing.REPORTED, at + days(30))
    stands(WEB, row.pk, Standing.REPORTED, at + days(2))
    assert ruling(row.pk).due == at + days(396)


def test_an_unfinished_case_of_the_same_item_keeps_it(seal_one, item_of) -> None:
    row, at = seal_one(b"", item_of()), now() - days(1000)
    stands(WEB, row.pk, Standing.DISMISSED, at)
    assert ruling(row.pk).allowed
    seen = Occurrence.objects.create(intake=Intake.objects.create(kind=Intake.Kind.UPLOAD), item=row.item)
    case = Case.objects.create()
    CaseOccurrence.objects.create(case=case, occurrence=seen)
    for state in (Case.State.OPEN, Case.State.DECIDED):
        Case.objects.filter(pk=case.pk).update(state=state)
        assert not ruling(row.pk).allowed


@pytest.mark.parametrize(
    ("outcomes", "standing"),
    [
        (["dismissed"], "dismissed"),
        (["confirmed"], "unfinished"),
        (["confirmed", "dismissed"], "unfinished"),
        (["dismissed", "dismissed"], "dismissed"),
    ],
)
def test_a_finished_case_moves_the_clocks(seal_one, item_of, actor_with, outcomes, standing) -> None:
    row, reviewer = seal_one(b"", item_of()), actor_with(Role.SENIOR_REVIEWER)
    for number, outcome in enumerate(outcomes):
        seen = Occurrence.objects.create(
            intake=Intake.objects.create(kind=Intake.Kind.UPLOAD), item=row.item, first_seen=number == 0
        )
        case = Case.objects.create(assigned_to=reviewer.person)
        CaseOccurrence.objects.create(case=case, occurrence=seen)
        Decision.objects.create(case=case, occurrence=seen, outcome=outcome, person=reviewer.person)
        finish(reviewer, case)
    row.refresh_from_db()
    assert row.standing == standing


def test_every_hold_has_to_be_released(seal_one, lead) -> None:
    row = seal_one()
    stands(WEB, row.pk, Standing.DISMISSED, now() - days(1000))
    first, second = hold(lead, row.pk, "court order"), hold(lead, row.pk, "second court order")
    release(lead, first.pk, "lifted")
    assert not ruling(row.pk).allowed
    release(lead, second.pk, "lifted")
    assert ruling(row.pk).allowed
    with pytest.raises(UsageError, match="not stand"):
        release(lead, second.pk, "again")


def test_an_open_complaint_keeps_it(seal_one) -> None:
    row = seal_one()
    stands(WEB, row.pk, Standing.DISMISSED, now() - days(1000))
    dispute(WEB, row.pk, is_open=True)
    assert not ruling(row.pk).allowed
    dispute(WEB, row.pk, is_open=False)
    assert ruling(row.pk).allowed


def test_each_change_is_in_the_ledger(seal_one, lead) -> None:
    row = seal_one()
    placed = hold(lead, row.pk, "court order")
    release(lead, placed.pk, "lifted")
    extend(lead, row.pk, now() + days(1), "counsel")
    dispute(WEB, row.pk, is_open=True)
    stands(WEB, row.pk, Standing.DISMISSED, now())
    told = set(LedgerRow.objects.values_list("event", flat=True))
    assert told >= {
        "evidence.held", "evidence.released", "evidence.extended", "evidence.disputed", "evidence.stands",
    }  # fmt: skip


@pytest.mark.parametrize("reason", ["", "   ", "x" * 301])
def test_each_change_needs_a_reason_of_bearable_length(seal_one, lead, reason) -> None:
    row = seal_one()
    placed = hold(lead, row.pk, "court order")
    with pytest.raises(UsageError):
        hold(lead, row.pk, reason)
    with pytest.raises(UsageError):
        release(lead, placed.pk, reason)
    with pytest.raises(UsageError):
        extend(lead, row.pk, now() + days(1), reason)


def test_an_extension_needs_a_time_to_come(seal_one, lead) -> None:
    row = seal_one()
    for until in (now() - days(1), (now() + days(1)).replace(tzinfo=None)):
        with pytest.raises(UsageError):
            extend(lead, row.pk, until, "counsel")


@pytest.mark.parametrize("role", [role for role in Role if Permission.EVIDENCE_HOLD not in GRANTS[role]])
def test_only_who_is_permitted_holds_releases_and_extends(seal_one, lead, actor_with, role) -> None:
    row, other = seal_one(), actor_with(role)
    placed = hold(lead, row.pk, "court order")
    with pytest.raises(PermissionDenied):
        hold(other, row.pk, "a reason")
    with pytest.raises(PermissionDenied):
        release(other, placed.pk, "a reason")
    with pytest.raises(PermissionDenied):
        extend(other, row.pk, now() + days(1), "a reason")


def test_what_is_not_there_has_no_clocks(vault, lead) -> None:
    with pytest.raises(KeyRecordMissing):
        hold(lead, new_id(), "court order")


def test_undecided_unfinished_and_waiting_evidence_raises_alarms(seal_one, lead) -> None:
    undecided, unfinished, waiting = seal_one(b"1"), seal_one(b"2"), seal_one(b"3")
    stands(WEB, unfinished.pk, Standing.UNFINISHED, now())
    stands(WEB, waiting.pk, Standing.REPORTED, now())
    request_destruction(lead, waiting.pk, Basis.OPERATOR, "asked by the account's owner")
    assert {alarm.object_id for alarm in alarms()} == {waiting.pk}
    later = now() + days(8)
    with clock_at(lambda: later):
        told = {alarm.object_id: alarm.text for alarm in alarms()}
    assert "Nobody has decided" in told[undecided.pk]
    assert "not been finished" in told[unfinished.pk]
    assert "which waits" in told[waiting.pk]


def test_many_alarms_take_no_more_queries_than_few(seal_one, lead, monkeypatch) -> None:
    held, *others = [seal_one(bytes([number])) for number in range(7)]
    hold(lead, held.pk, "a court asked for it")
    request_destruction(lead, others[0].pk, Basis.OPERATOR, "asked by the account's owner")
    stands(WEB, others[1].pk, Standing.UNFINISHED, now())
    rows = list(SealedObject.objects.order_by("pk"))
    assert retentions_of(rows) == [retention_of(row) for row in rows]
    later = now() + days(8)
    with clock_at(lambda: later):
        with CaptureQueriesContext(connection) as for_seven:
            told = alarms()
        monkeypatch.setattr("safelight.server.vault.clocks._AT_ONCE", 2)
        assert sorted(alarms(), key=str) == sorted(told, key=str)
        SealedObject.objects.exclude(pk=held.pk).update(
            state=SealedObject.State.DESTROYED, destroyed_at=now(), wrapped_key=None, wrapping_key=""
        )
        with CaptureQueriesContext(connection) as for_one:
            assert [alarm.object_id for alarm in alarms()] == [held.pk]
    assert len(told) == 8
    assert len(for_seven) == len(for_one)


def test_one_person_s_wish_is_not_approved(seal_one, lead) -> None:
    row = seal_one()
    request_destruction(lead, row.pk, Basis.OPERATOR, "asked by the account's owner")
    wish = retention_of(row).destroy_request
    assert wish is not None
    assert not wish.is_approved
