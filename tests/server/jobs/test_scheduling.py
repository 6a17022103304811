"""Work that comes again has exactly one next time, whatever became of the last."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from at_once import at_once

from safelight.errors import VaultError
from safelight.server.jobs.clock import due_time
from safelight.server.jobs.handlers import KEEP, purge
from safelight.server.jobs.models import Job
from safelight.server.jobs.registry import handler
from safelight.server.jobs.scheduling import ensure_scheduled, next_time
from safelight.server.jobs.working import work_once

HOUR = timedelta(hours=1)


def _waiting() -> list[Job]:
    return list(Job.objects.filter(state=Job.State.DUE))


def test_times_are_full_periods_after_now():
    noon = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    assert next_time(HOUR, noon) == noon + HOUR
    assert next_time(HOUR, noon + timedelta(seconds=1)) == noon + HOUR
    assert next_time(timedelta(days=1), noon) == datetime(2026, 3, 2, tzinfo=UTC)


def test_recurring_work_gets_one_row_however_often_a_worker_starts(committing_db, handlers):
    handler("test.hourly", every=HOUR)(lambda payload, lease: None)
    handler("test.once")(lambda payload, lease: None)

    def start() -> None:
        for _ in range(3):
            ensure_scheduled(handlers.values())

    assert at_once(*[start] * 3) == [None] * 3
    [job] = Job.objects.all()
    assert (job.kind, job.due_at > due_time()) == ("test.hourly", True)


def test_finishing_puts_the_next_one_there_and_missed_ones_stay_missed(db, handlers):
    done = []
    handler("test.hourly", every=HOUR)(lambda payload, lease: done.append(1))
    ensure_scheduled(handlers.values())
    Job.objects.update(due_at=due_time() - 20 * HOUR, key="twenty hours ago")
    assert work_once("w")
    assert not work_once("w")
    [job] = _waiting()
    assert timedelta() < job.due_at - due_time() <= HOUR
    assert done == [1]


@pytest.mark.parametrize("how", [VaultError, SystemExit])
def test_what_is_given_up_comes_again_nevertheless(db, handlers, pass_time, how):
    @handler("test.hourly", every=HOUR, attempts=1, lease_seconds=10)
    def fail(payload, lease):
        raise how

    ensure_scheduled(handlers.values())
    Job.objects.update(due_at=due_time())
    if how is SystemExit:
        with pytest.raises(SystemExit):
            work_once("w")
        pass_time(11)
        assert not work_once("w")
    else:
        assert work_once("w")
    [job] = _waiting()
    assert job.due_at > due_time()
    assert Job.objects.filter(state=Job.State.DEAD).count() == 1


def test_a_dead_one_that_is_tried_again_puts_no_second_one_there(db, handlers):
    handler("test.hourly", every=HOUR, attempts=1)(lambda payload, lease: None)
    ensure_scheduled(handlers.values())
    Job.objects.create(kind="test.hourly", key="an older one", due_at=due_time())
    assert work_once("w")
    assert len(_waiting()) == 1


def test_a_clock_that_was_ahead_stops_nothing(db, handlers):
    """The rows of the coming hours are done already."""
    handler("test.hourly", every=HOUR)(lambda payload, lease: None)
    coming = next_time(HOUR, due_time())
    for hours in range(3):
        due = coming + hours * HOUR
        Job.objects.create(
            kind="test.hourly", key=f"test.hourly@{due.isoformat()}", due_at=due, state=Job.State.DONE
        )
    ensure_scheduled(handlers.values())
    [job] = _waiting()
    assert job.due_at == coming + 3 * HOUR


def test_a_row_that_was_put_years_ahead_is_due_in_time_again(db, handlers):
    handler("test.hourly", every=HOUR)(lambda payload, lease: None)
    ensure_scheduled(handlers.values())
    Job.objects.update(due_at=due_time() + 9_000 * HOUR)
    ensure_scheduled(handlers.values())
    [job] = Job.objects.all()
    assert timedelta() < job.due_at - due_time() <= HOUR


def test_old_rows_of_done_work_go_and_dead_ones_stay(db, handlers):
    handler("jobs.purge", every=timedelta(days=1))(purge)
    ensure_scheduled(handlers.values())
    old, young = due_time() - KEEP - HOUR, due_time() - KEEP + HOUR
    for key, state, at in [("old", "done", old), ("young", "done", young), ("dead", "dead", old)]:
        Job.objects.create(kind="test.work", key=key, due_at=at, state=state, finished_at=at)
    Job.objects.filter(kind="jobs.purge").update(due_at=due_time())
    assert work_once("w")
    assert set(Job.objects.filter(kind="test.work").values_list("key", flat=True)) == {"young", "dead"}


def test_every_app_brings_its_handlers(loaded_handlers):
    assert {"jobs.purge", "vault.purge", "vault.orphans", "vault.rewrap"} <= set(loaded_handlers)
