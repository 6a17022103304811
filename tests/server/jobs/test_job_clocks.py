"""Setting the machine's clock neither revives a lease nor loses one, nor stops what is due."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from safelight.server.ids import clock_at, now
from safelight.server.jobs import clock
from safelight.server.jobs.clock import database_time, due_time
from safelight.server.jobs.models import BootClock, Job
from safelight.server.jobs.registry import handler
from safelight.server.jobs.working import work_once

ON_SQLITE = connection.vendor == "sqlite"
DAY = timedelta(days=1)


def set_by(off: timedelta):
    """The machine's clock, off by that much."""
    at = now()
    return lambda: at + off


@pytest.fixture(params=[-DAY, DAY], ids=["set back", "set forward"])
def clock_set(request):
    """The machine's clock, from now on a day off."""
    database_time()
    with clock_at(set_by(request.param)):
        yield


def test_a_living_lease_is_taken_by_nobody_and_a_dead_one_is(db, put, pass_time, request):
    found = []

    @handler("test.work", lease_seconds=10)
    def work(payload, lease):
        if lease.attempt == 1:
            database_time()
            for off in (-DAY, DAY):
                with clock_at(set_by(off)):
                    lease.extend()
                    found.append(work_once("another"))
                    until = Job.objects.get().leased_until
                    assert timedelta() < until - database_time() <= timedelta(seconds=10)
            pass_time(11)
            with clock_at(set_by(-DAY)):
                found.append(work_once("another"))

    put()
    assert work_once("w")
    assert found == [False, False, True]


def test_what_is_put_there_is_due_at_once_whatever_the_clock_says(db, put, clock_set):
    handler("test.work")(lambda payload, lease: None)
    put()
    with clock_at(set_by(-2 * DAY)):
        assert work_once("w")


def test_what_was_put_there_before_the_clock_was_set_back_is_still_due(db, put):
    handler("test.work")(lambda payload, lease: None)
    put()
    with clock_at(set_by(-DAY)):
        assert work_once("w")


def test_the_times_agree_and_go_on(db):
    assert abs(database_time() - now()) < timedelta(minutes=1)
    first, second = database_time(), database_time()
    assert first <= second <= due_time()


@pytest.mark.skipif(not ON_SQLITE, reason="PostgreSQL has a clock of its own")
def test_leases_of_an_earlier_start_of_the_machine_are_over(db, put, monkeypatch):
    """Even if the clock was far ahead before, and whatever the uptime is now."""

    @handler("test.work", lease_seconds=10)
    def work(payload, lease):
        if lease.attempt == 1:
            raise SystemExit

    monkeypatch.setattr(clock, "_boot_id", lambda: "the first start")
    with clock_at(set_by(30 * DAY)):
        put()
        Job.objects.update(due_at=now() - DAY)
        with pytest.raises(SystemExit):
            work_once("w")
        assert not work_once("w")
    monkeypatch.setattr(clock, "_boot_id", lambda: "the second start")
    monkeypatch.setattr(clock, "_uptime", lambda: 5.0)
    assert work_once("w")
    assert Job.objects.get().state == Job.State.DONE
    assert BootClock.objects.count() == 1


@pytest.mark.parametrize(
    "stuck",
    [
        {"state": "leased", "attempts": 1, "lease": "a killed worker", "leased_until": 400 * DAY},
        {"state": "due", "attempts": 3, "due_at": 400 * DAY},
        {"state": "due", "attempts": 0, "due_at": 400 * DAY, "created_at": 400 * DAY},
    ],
    ids=["a killed worker's lease", "a pause", "just put there"],
)
def test_what_a_clock_that_was_ahead_left_is_done_once_it_is_right(db, put, stuck):
    """The machine of PostgreSQL had it, too."""
    done = []
    handler("test.work", attempts=9)(lambda payload, lease: done.append(1))
    job, present = put(), now()
    told = {name: present + value if isinstance(value, timedelta) else value for name, value in stuck.items()}
    Job.objects.filter(pk=job.pk).update(**told)
    assert work_once("w")
    assert done == [1]


def test_what_is_meant_for_later_waits(db, put):
    handler("test.work")(lambda payload, lease: None)
    put(due_at=now() + 400 * DAY)
    assert not work_once("w")
