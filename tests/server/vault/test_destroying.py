"""Evidence is destroyed when its time has come, never before, and then for good."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from safelight.errors import DestructionLogDamaged, KeyRecordMissing, ObjectMissing
from safelight.server.ids import clock_at, now
from safelight.server.intake.models import Item
from safelight.server.jobs.clock import database_time, machine_time
from safelight.server.ledger.models import LedgerRow
from safelight.server.ledger.services import Event, record
from safelight.server.people.actors import SystemActor
from safelight.server.people.errors import SecondPersonNeeded
from safelight.server.people.permissions import PermissionDenied
from safelight.server.people.proposals import approve, refuse
from safelight.server.people.roles import Role
from safelight.server.vault import destroying, place
from safelight.server.vault.errors import ClockUntrusted
from safelight.server.vault.key_records import key_record
from safelight.server.vault.models import SealedObject
from safelight.server.vault.services import (
    destroy_unneeded,
    dispute,
    hold,
    purge_once,
    replay_destructions,
    request_destruction,
    ruling,
    stands,
)
from safelight.server.vault.stores import destruction_log_path
from safelight.vault.destruction import DestructionLog
from safelight.vault.retention import Basis, Standing

WEB = SystemActor("web")
AGES = timedelta(days=1000)
pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(actor_with):
    return actor_with(Role.LEAD)


@pytest.fixture
def other_lead(actor_with):
    return actor_with(Role.LEAD)


@pytest.fixture
def dismissed(seal_one):
    """Evidence that was dismissed long ago."""

    def make(content: bytes = b"a grey square"):
        row = seal_one(content)
        stands(WEB, row.pk, Standing.DISMISSED, now() - AGES)
        return row

    return make


def gone() -> set:
    """What the database says was destroyed."""
    return set(SealedObject.objects.filter(state="destroyed").values_list("pk", flat=True))


def test_dismissed_evidence_goes_when_the_complaint_window_is_over(vault, dismissed) -> None:
    row = dismissed()
    record = key_record(row)
    assert purge_once().destroyed == (row.pk,)
    row.refresh_from_db()
    assert (row.state, row.wrapped_key) == ("destroyed", None)
    assert list(vault.store.ids()) == []
    assert list(place.destruction_log()) == [row.pk]
    assert LedgerRow.objects.filter(event="evidence.destroyed").count() == 1
    with pytest.raises(KeyRecordMissing, match="destroyed"):
        key_record(row)
    with pytest.raises(ObjectMissing):
        place.vault().read(record, 0, 1)


def test_reported_evidence_goes_after_its_year(seal_one) -> None:
    row = seal_one()
    stands(WEB, row.pk, Standing.REPORTED, now() - timedelta(days=367))
    assert purge_once().destroyed == (row.pk,)


@pytest.mark.parametrize(
    ("standing", "age"),
    [
        (Standing.UNDECIDED, 1000),
        (Standing.UNFINISHED, 1000),
        (Standing.DISMISSED, 183),
        (Standing.REPORTED, 365),
    ],
)
def test_nothing_goes_before_its_time(seal_one, standing, age) -> None:
    row = seal_one()
    stands(WEB, row.pk, standing, now() - timedelta(days=age))
    assert purge_once().destroyed == ()
    row.refresh_from_db()
    assert row.state == "sealed"


def test_held_disputed_and_extended_evidence_stays_and_the_others_go(dismissed, lead) -> None:
    from safelight.server.vault.services import extend

    held, disputed, extended, free = (dismissed(b"%d" % n) for n in range(4))
    hold(lead, held.pk, "court order")
    dispute(WEB, disputed.pk, is_open=True)
    extend(lead, extended.pk, now() + timedelta(days=1), "counsel")
    purged = purge_once()
    assert purged.destroyed == (free.pk,)
    assert gone() == {free.pk}
    assert {object_id for object_id, _ in purged.refused} == {held.pk, disputed.pk, extended.pk}


class TestTwoPeople:
    def test_early_destruction_takes_a_second_person(self, seal_one, lead, other_lead) -> None:
        row = seal_one()
        stands(WEB, row.pk, Standing.DISMISSED, now())
        wish = request_destruction(lead, row.pk, Basis.OPERATOR, "erasure was asked for")
        purge_once()
        assert gone() == set()
        assert not ruling(row.pk).allowed
        with pytest.raises(SecondPersonNeeded):
            approve(lead, wish.pk)
        approve(other_lead, wish.pk)
        assert purge_once().destroyed == (row.pk,)

    def test_a_refused_wish_destroys_nothing(self, seal_one, lead, other_lead) -> None:
        row = seal_one()
        stands(WEB, row.pk, Standing.DISMISSED, now())
        wish = request_destruction(lead, row.pk, Basis.OPERATOR, "erasure was asked for")
        refuse(other_lead, wish.pk, "not ours to erase")
        purge_once()
        assert gone() == set()

    @pytest.mark.parametrize(
        ("standing", "basis", "goes"),
        [
            (Standing.REPORTED, Basis.OPERATOR, False),
            (Standing.REPORTED, Basis.LAW_ENFORCEMENT, True),
            (Standing.UNDECIDED, Basis.LAW_ENFORCEMENT, False),
            (Standing.UNFINISHED, Basis.LAW_ENFORCEMENT, False),
        ],
    )
    def test_two_people_cannot_end_what_the_law_asks_for(
        self, seal_one, lead, other_lead, standing, basis, goes
    ) -> None:
        row = seal_one()
        stands(WEB, row.pk, standing, now())
        approve(other_lead, request_destruction(lead, row.pk, basis, "asked for in writing").pk)
        purge_once()
        assert gone() == ({row.pk} if goes else set())

    def test_a_hold_is_stronger_than_two_people(self, seal_one, lead, other_lead) -> None:
        row = seal_one()
        stands(WEB, row.pk, Standing.DISMISSED, now())
        hold(lead, row.pk, "court order")
        approve(other_lead, request_destruction(lead, row.pk, Basis.LAW_ENFORCEMENT, "asked").pk)
        purge_once()
        assert gone() == set()

    @pytest.mark.parametrize("role", [role for role in Role if role is not Role.LEAD])
    def test_who_may_not_destroy_may_not_ask(self, seal_one, actor_with, role) -> None:
        with pytest.raises(PermissionDenied):
            request_destruction(actor_with(role), seal_one().pk, Basis.OPERATOR, "a reason")

    def test_a_declared_single_operator_is_both(self, seal_one, lead, workspace_setting) -> None:
        workspace_setting(single_operator=True)
        row = seal_one()
        stands(WEB, row.pk, Standing.DISMISSED, now())
        approve(lead, request_destruction(lead, row.pk, Basis.OPERATOR, "erasure was asked for").pk)
        assert purge_once().destroyed == (row.pk,)


class TestKilled:
    def test_after_the_log_and_before_the_key_the_next_start_completes_it(
        self, vault, dismissed, monkeypatch
    ) -> None:
        row = dismissed()
        with monkeypatch.context() as killed:
            killed.setattr(destroying, "erase", lambda _: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                purge_once()
        row.refresh_from_db()
        assert row.state == "sealed"
        assert replay_destructions().destroyed_again == 1
        row.refresh_from_db()
        assert (row.state, list(vault.store.ids())) == ("destroyed", [])

    def test_after_the_key_and_before_the_bytes_the_next_start_completes_it(
        self, vault, dismissed, monkeypatch
    ) -> None:
        dismissed()
        with monkeypatch.context() as killed:
            killed.setattr(vault.store, "delete", lambda _: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                purge_once()
        assert len(list(vault.store.ids())) == 1
        replay_destructions()
        assert list(vault.store.ids()) == []

    def test_where_the_log_cannot_be_written_nothing_is_destroyed(
        self, vault, dismissed, monkeypatch
    ) -> None:
        def full(*_):
            raise OSError(28, "No space left on device")

        row = dismissed()
        monkeypatch.setattr(DestructionLog, "append", full)
        with pytest.raises(OSError, match="No space"):
            purge_once()
        row.refresh_from_db()
        assert (row.state, list(vault.store.ids())) == ("sealed", [row.pk])


class TestRestored:
    def test_a_restored_backup_brings_nothing_back(self, vault, dismissed) -> None:
        row = dismissed()
        content = vault.store.get(row.pk, 0, row.sealed_size)
        backup = SealedObject.objects.filter(pk=row.pk).values().get()
        purge_once()
        # What a restore of database and store does.
        SealedObject.objects.filter(pk=row.pk).update(**backup)
        vault.store.put(row.pk, [content])
        assert replay_destructions().destroyed_again == 1
        row.refresh_from_db()
        assert (row.state, row.wrapped_key, list(vault.store.ids())) == ("destroyed", None, [])

    def test_without_the_log_nothing_starts(self, vault, dismissed) -> None:
        dismissed()
        destruction_log_path(place.settings.CONFIG).unlink()
        with pytest.raises(DestructionLogDamaged, match="missing"):
            replay_destructions()
        with pytest.raises(DestructionLogDamaged):
            purge_once()

    def test_a_log_that_lacks_a_destruction_is_noticed(self, vault, dismissed) -> None:
        log = destruction_log_path(place.settings.CONFIG)
        dismissed(b"1")
        before = log.read_bytes()
        purge_once()
        log.write_bytes(before)
        with pytest.raises(DestructionLogDamaged, match="lacks 1"):
            replay_destructions()

    def test_the_log_lies_beside_the_workspace_and_never_inside(self, vault, workspace_setting) -> None:
        from safelight.errors import UsageError

        assert destruction_log_path(place.settings.CONFIG).parent == vault.workspace.parent
        workspace_setting(destruction_log=vault.workspace / "log")
        with pytest.raises(UsageError, match="backed up"):
            place.destruction_log()


class TestClock:
    def test_a_clock_set_back_destroys_nothing(self, dismissed) -> None:
        row = dismissed()
        past = now() - timedelta(hours=1)
        with clock_at(lambda: past), pytest.raises(ClockUntrusted, match="Set the clock"):
            purge_once()
        row.refresh_from_db()
        assert row.state == "sealed"

    def test_a_clock_set_forward_destroys_nothing(self, seal_one) -> None:
        row = seal_one()
        stands(WEB, row.pk, Standing.DISMISSED, now())
        database_time()  # the job worker has told the time before
        future = now() + AGES
        with clock_at(lambda: future), pytest.raises(ClockUntrusted, match="NTP"):
            purge_once()
        row.refresh_from_db()
        assert row.state == "sealed"

    def test_a_database_that_shares_the_wrong_clock_is_not_believed(self, seal_one, monkeypatch) -> None:
        row = seal_one()
        stands(WEB, row.pk, Standing.DISMISSED, now())
        machine_time()  # the job worker has told the time before
        future = now() + AGES
        monkeypatch.setattr(destroying, "database_time", lambda: future)
        with clock_at(lambda: future), pytest.raises(ClockUntrusted, match="since this machine started"):
            purge_once()
        row.refresh_from_db()
        assert row.state == "sealed"

    def test_a_clock_that_was_ahead_for_a_while_does_not_forbid_it_for_years(self, dismissed) -> None:
        row = dismissed()
        with clock_at(lambda: datetime.now(UTC) + AGES), transaction.atomic():
            record(Event.SIGNED_IN, WEB)
        with pytest.raises(ClockUntrusted, match="Set the clock"):
            purge_once()
        with transaction.atomic():
            record(Event.SIGNED_IN, WEB)
        assert purge_once().destroyed == (row.pk,)


class TestWhatCouldNotBeScanned:
    @pytest.mark.parametrize(("days_left", "goes"), [(1, False), (0, True), (-1, True)])
    def test_its_bytes_go_when_their_days_are_over(self, seal_one, days_left: int, goes: bool) -> None:
        row = seal_one()
        Item.objects.filter(pk=row.item_id).update(unscanned_until=now() + timedelta(days=days_left))
        assert purge_once().destroyed == ((row.pk,) if goes else ())

    def test_they_go_at_once_when_the_scan_is_done_and_no_case_needs_them(self, seal_one) -> None:
        scanned, waits = seal_one(b"a grey square"), seal_one(b"a blue square")
        Item.objects.filter(pk=scanned.item_id).update(unscanned_until=now())
        Item.objects.filter(pk=waits.item_id).update(unscanned_until=now() + timedelta(days=7))
        assert destroy_unneeded(scanned.item_id)
        assert not destroy_unneeded(scanned.item_id)
        assert not destroy_unneeded(waits.item_id)
        assert gone() == {scanned.pk}
        assert list(place.destruction_log()) == [scanned.pk]

    def test_they_are_not_destroyed_by_a_clock_that_cannot_be_trusted(self, seal_one) -> None:
        row = seal_one()
        Item.objects.filter(pk=row.item_id).update(unscanned_until=now())
        database_time()  # the job worker has told the time before
        future = now() + AGES
        with clock_at(lambda: future), pytest.raises(ClockUntrusted):
            destroy_unneeded(row.item_id)
        assert gone() == set()

    def test_they_stay_when_it_matched_after_all_or_somebody_holds_them(self, seal_one, lead) -> None:
        matched, held = seal_one(b"a grey square"), seal_one(b"a blue square")
        Item.objects.filter(pk=held.item_id).update(unscanned_until=now() - timedelta(days=1))
        hold(lead, held.pk, "asked for by an authority")
        assert purge_once().destroyed == ()
        assert SealedObject.objects.filter(pk__in=[matched.pk, held.pk], state="sealed").count() == 2
