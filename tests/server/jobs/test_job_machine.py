"""Any order of leasing, finishing, failing, dying and waiting keeps the promises about jobs."""

from __future__ import annotations

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from safelight.server.jobs import registry
from safelight.server.jobs.errors import LeaseLost
from safelight.server.jobs.leases import Lease
from safelight.server.jobs.models import Job
from safelight.server.jobs.registry import HANDLERS
from safelight.server.jobs.services import enqueue
from safelight.server.jobs.working import _take

ATTEMPTS = 3
LEASE_SECONDS = 100


def _machine(pass_time):
    class Machine(RuleBasedStateMachine):
        """``held`` are leases as their workers see them, whether they still are theirs or not."""

        def __init__(self) -> None:
            super().__init__()
            Job.objects.all().delete()
            self.held: list[Lease] = []
            self.effects: dict[str, int] = {}
            self.put: list[str] = []

        @rule(key=st.sampled_from(["a", "b", None]))
        def enqueue(self, key) -> None:
            with transaction.atomic():
                job = enqueue("test.work", {}, key=key)
            if str(job.pk) not in self.put:
                self.put.append(str(job.pk))
            assert key is None or Job.objects.filter(key=key).count() == 1

        @rule()
        def take(self) -> None:
            taken = _take("w", list(HANDLERS))
            if taken is not None:
                job, lease = taken
                still = [one for one in self.held if one.job_id == job.pk and one._held().exists()]
                assert still == []
                assert job.attempts <= ATTEMPTS
                self.held.append(lease)

        @precondition(lambda self: self.held)
        @rule(data=st.data())
        def finish(self, data) -> None:
            lease = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
            ours = lease._held().exists()
            try:
                with lease.finishing():
                    pass
            except LeaseLost:
                assert not ours
            else:
                assert ours
                name = str(lease.job_id)
                self.effects[name] = self.effects.get(name, 0) + 1

        @precondition(lambda self: self.held)
        @rule(data=st.data())
        def fail(self, data) -> None:
            lease = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
            lease.fail(ValueError())

        @precondition(lambda self: self.held)
        @rule(data=st.data())
        def die(self, data) -> None:
            self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))

        @precondition(lambda self: self.held)
        @rule(data=st.data())
        def extend(self, data) -> None:
            data.draw(st.sampled_from(self.held)).extend()

        @rule(seconds=st.sampled_from([10, LEASE_SECONDS + 1, 4_000]))
        def wait(self, seconds) -> None:
            pass_time(seconds)

        @invariant()
        def no_job_is_lost_or_done_twice(self) -> None:
            found = {str(job.pk): job for job in Job.objects.all()}
            assert set(found) == set(self.put)
            for name, job in found.items():
                assert self.effects.get(name, 0) == (1 if job.state == Job.State.DONE else 0)
                assert (job.lease != "") == (job.state == Job.State.LEASED) == (job.leased_until is not None)
                assert (job.finished_at is not None) == (job.state in {Job.State.DONE, Job.State.DEAD})

        def teardown(self) -> None:
            """Whatever happened, everything ends: done, or given up and saying so."""
            for _ in range(2):
                pass_time(4_000)
                while (taken := _take("last", list(HANDLERS))) is not None:
                    with taken[1].finishing():
                        pass
            assert set(Job.objects.values_list("state", flat=True)) <= {Job.State.DONE, Job.State.DEAD}

    return Machine


@pytest.mark.usefixtures("db")
def test_jobs_keep_their_promises(pass_time):
    registry.handler("test.work", attempts=ATTEMPTS, lease_seconds=LEASE_SECONDS)(lambda payload, lease: None)
    run_state_machine_as_test(
        _machine(pass_time),
        settings=settings(
            max_examples=20,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
