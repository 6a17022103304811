"""Work is done if what it serves was committed, by one worker at a time, and never lost without a word."""

from __future__ import annotations

from datetime import timedelta

import pytest
from at_once import at_once
from django.core.exceptions import PermissionDenied
from django.db import transaction

from safelight.errors import VaultError
from safelight.server.ids import new_id, now
from safelight.server.jobs.errors import JobNotDead, LeaseLost
from safelight.server.jobs.leases import pause_after
from safelight.server.jobs.models import Job
from safelight.server.jobs.registry import HANDLERS, handler
from safelight.server.jobs.services import counts, enqueue, retry
from safelight.server.jobs.working import _take, work_once
from safelight.server.ledger.models import LedgerRow
from safelight.server.ledger.services import Event, record
from safelight.server.people.actors import SystemActor


def _nothing(payload, lease):
    return None


def test_work_is_put_there_by_the_transaction_that_it_serves(committing_db):
    with pytest.raises(transaction.TransactionManagementError):
        enqueue("test.work", {})
    with transaction.atomic():
        enqueue("test.work", {})
        transaction.set_rollback(True)
    assert not Job.objects.exists()


def test_the_same_key_is_the_same_work_even_when_it_is_done(db, put):
    handler("test.work")(_nothing)
    first = put(key="report 7")
    assert put(key="report 7").pk == first.pk
    assert work_once("w")
    assert put(key="report 7").pk == first.pk
    assert not work_once("w")
    assert put(key="report 8").pk != first.pk


def test_the_same_key_at_once_is_one_job(committing_db, put):
    found = []
    assert at_once(*[lambda: found.append(put(key="one").pk)] * 4) == [None] * 4
    assert len(found) == 4
    assert len(set(found)) == Job.objects.count() == 1


def test_the_oldest_due_job_comes_first_with_its_payload(db, put):
    done = []
    handler("test.work")(lambda payload, lease: done.append(payload["n"]))
    for number, hours in enumerate([1, 3, 2]):
        with transaction.atomic():
            enqueue("test.work", {"n": number}, due_at=now() - timedelta(hours=hours))
    put(due_at=now() + timedelta(hours=1))
    while work_once("w"):
        pass
    assert done == [1, 2, 0]
    assert counts().later == 1


def test_work_of_an_unknown_kind_waits_for_a_worker_that_knows_it(db, put):
    put("test.unknown")
    assert not work_once("w")
    assert counts().due == 1


def test_a_failure_is_tried_again_after_a_pause_and_given_up_in_the_end(db, put, pass_time):
    attempts = []

    @handler("test.work", attempts=3)
    def fail(payload, lease):
        attempts.append(lease.attempt)
        raise VaultError("The store did not answer.")

    job = put()
    for attempt in range(1, 4):
        assert work_once("w")
        assert not work_once("w")
        job.refresh_from_db()
        assert job.last_error == "VaultError: The store did not answer."
        assert job.state == (Job.State.DEAD if attempt == 3 else Job.State.DUE)
        pass_time(3_600)
    assert attempts == [1, 2, 3]
    assert counts().dead == 1
    assert not work_once("w")


def test_pauses_double_to_an_hour_and_differ():
    for attempt, longest in [(1, 5), (2, 10), (5, 80), (20, 3_600), (5_000, 3_600)]:
        found = {pause_after(attempt) for _ in range(50)}
        assert len(found) > 10
        assert all(longest / 2 <= pause <= longest for pause in found)


def test_the_error_that_is_kept_quotes_no_content(db, put):
    @handler("test.work")
    def fail(payload, lease):
        int("something from a file")

    job = put()
    work_once("w")
    job.refresh_from_db()
    assert job.last_error.startswith("ValueError in test_jobs.py:")
    assert "something" not in job.last_error


def test_what_is_finished_together_is_undone_together(committing_db, put):
    """Whatever is written inside ``finishing`` is there exactly if the job is done."""
    fail = [True]

    @handler("test.work")
    def work(payload, lease):
        with lease.finishing():
            record(Event.SIGNED_OUT, SystemActor("jobs"))
            if fail.pop():
                raise VaultError("In the middle.")

    job = put()
    assert work_once("w")
    job.refresh_from_db()
    assert job.state == Job.State.DUE
    assert not LedgerRow.objects.exists()
    Job.objects.update(due_at=now() - timedelta(hours=1))
    fail.append(False)
    assert work_once("w")
    job.refresh_from_db()
    assert (job.state, job.lease, job.last_error) == (Job.State.DONE, "", "")
    assert LedgerRow.objects.count() == 1


def test_a_handler_that_fails_after_finishing_does_its_work_once(db, put, caplog):
    @handler("test.work")
    def work(payload, lease):
        with lease.finishing():
            record(Event.SIGNED_OUT, SystemActor("jobs"))
        raise VaultError("Too late.")

    put()
    assert work_once("w")
    assert not work_once("w")
    assert LedgerRow.objects.count() == 1
    assert "after it was finished" in caplog.text


def test_a_worker_whose_lease_ran_out_finishes_nothing(db, put, pass_time):
    done = []

    @handler("test.work", lease_seconds=10)
    def work(payload, lease):
        done.append(lease.attempt)
        if lease.attempt == 1:
            pass_time(11)
            assert work_once("another")
            lease.extend()
            with pytest.raises(LeaseLost):
                lease.check()
            with lease.finishing():
                pytest.fail("the job is done by another")

    job = put()
    assert work_once("w")
    assert done == [1, 2]
    job.refresh_from_db()
    assert (job.state, job.attempts) == (Job.State.DONE, 2)


def test_what_is_said_of_a_job_that_another_is_at_changes_nothing(db, put, pass_time):
    handler("test.work", lease_seconds=10)(lambda payload, lease: None)
    job = put()
    _, ours = _take("w", list(HANDLERS))
    pass_time(11)
    _, theirs = _take("another", list(HANDLERS))
    before = Job.objects.values().get()
    with pytest.raises(LeaseLost), ours.finishing():
        record(Event.SIGNED_OUT, SystemActor("jobs"))
    ours.extend()
    ours.fail(VaultError("The store did not answer."))
    assert Job.objects.values().get() == before
    assert not LedgerRow.objects.exists()
    with theirs.finishing():
        pass
    job.refresh_from_db()
    assert job.state == Job.State.DONE


def test_a_lease_that_ran_out_and_was_taken_by_nobody_is_still_good(db, put, pass_time):
    handler("test.work", lease_seconds=10)(lambda payload, lease: pass_time(100))
    job = put()
    assert work_once("w")
    job.refresh_from_db()
    assert job.state == Job.State.DONE


def test_a_failure_of_a_worker_whose_lease_is_gone_changes_nothing(db, put, pass_time):
    @handler("test.work", lease_seconds=10)
    def work(payload, lease):
        if lease.attempt == 1:
            pass_time(11)
            assert work_once("another")
            raise VaultError("The store did not answer.")

    job = put()
    assert work_once("w")
    job.refresh_from_db()
    assert (job.state, job.last_error) == (Job.State.DONE, "")


def test_a_job_that_kills_its_workers_is_given_up(db, put, pass_time):
    @handler("test.work", attempts=2, lease_seconds=10)
    def die(payload, lease):
        raise SystemExit

    job = put()
    for _ in range(2):
        with pytest.raises(SystemExit):
            work_once("w")
        pass_time(11)
    assert not work_once("w")
    job.refresh_from_db()
    assert job.state == Job.State.DEAD
    assert "lost at each of 2 attempts" in job.last_error


def test_the_lease_is_extended_while_the_handler_runs(committing_db, put):
    found = []

    @handler("test.work", lease_seconds=0.3)
    def work(payload, lease):
        for _ in range(4):
            lease._over = lease._lost.wait(0.25)
            found.append(work_once("another"))
            lease.check()

    job = put()
    assert work_once("w")
    job.refresh_from_db()
    assert (job.state, job.attempts, found) == (Job.State.DONE, 1, [False] * 4)


def test_a_job_that_hangs_is_taken_over(committing_db, put, caplog):
    found = []

    @handler("test.work", lease_seconds=0.1, longest_seconds=0.2)
    def work(payload, lease):
        if lease.attempt == 1:
            lease._lost.wait(1)
            found.append(work_once("another"))

    put()
    assert work_once("w")
    assert found == [True]
    assert "hangs" in caplog.text


def test_many_workers_do_each_job_once(committing_db, put):
    done: list[int] = []
    handler("test.work")(lambda payload, lease: done.append(payload["n"]))
    with transaction.atomic():
        for number in range(60):
            enqueue("test.work", {"n": number})

    def work() -> None:
        while work_once("w"):
            pass

    assert at_once(*[work] * 4) == [None] * 4
    assert sorted(done) == list(range(60))
    assert set(Job.objects.values_list("state", "attempts")) == {(Job.State.DONE, 1)}


def test_who_may_tries_a_dead_job_again_and_the_ledger_tells(db, put, actor_with):
    handler("test.work", attempts=1)(lambda payload, lease: payload["missing"])
    job = put()
    assert work_once("w")
    with pytest.raises(PermissionDenied):
        retry(actor_with("reviewer"), job.pk)
    actor = actor_with("lead")
    retry(actor, job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts) == (Job.State.DUE, 0)
    assert LedgerRow.objects.get().event == "job.retried"
    for other in (job.pk, new_id()):
        with pytest.raises(JobNotDead):
            retry(actor, other)


def test_the_numbers_say_how_much_there_is_and_how_long_it_waits(db, put):
    assert counts().oldest_due_seconds == 0
    put(due_at=now() - timedelta(minutes=5))
    put(due_at=now() + timedelta(minutes=5))
    Job.objects.bulk_create(
        Job(kind="test.work", due_at=now(), state=state) for state in ("leased", "dead", "dead", "done")
    )
    found = counts()
    assert (found.due, found.later, found.leased, found.dead) == (1, 1, 1, 2)
    assert 299 < found.oldest_due_seconds < 400


def test_a_kind_has_one_handler():
    handler("test.work")(_nothing)
    with pytest.raises(ValueError, match="already"):
        handler("test.work")(_nothing)


def test_a_lane_is_worked_by_itself(committing_db, handlers, put):
    done = []
    handler("test.common")(lambda payload, lease: done.append("common"))
    handler("test.slow", lane="slow")(lambda payload, lease: done.append("slow"))
    put("test.slow")
    put("test.common")
    assert work_once("a", "")
    assert not work_once("a", "")
    assert done == ["common"]
    assert work_once("b", "slow")
    assert done == ["common", "slow"]
