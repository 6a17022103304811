"""The worker process does what is due, drains when asked, and may be killed at any moment."""

from __future__ import annotations

import ctypes
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connection, transaction
from raw_database import raw_database
from server_process import job_worker, nursery

from safelight.ledger.archive import DirectoryArchive
from safelight.server.ids import new_id
from safelight.server.jobs.models import Job
from safelight.server.jobs.services import counts, enqueue
from safelight.server.ledger.guards import guard_problems
from safelight.server.ledger.models import LedgerHead, LedgerPayload, LedgerPending, LedgerRow
from safelight.server.ledger.pseudonyms import pseudonym
from safelight.server.ledger.sequencer import sequence_once
from safelight.server.ledger.services import Event, record
from safelight.server.ledger.signing import origin
from safelight.server.ledger.verification import verify_all
from safelight.server.people.actors import SystemActor

WORKER = """
import random, time
from uuid import UUID
from safelight.server.jobs.registry import handler
from safelight.server.ledger import sequencer
from safelight.server.ledger.services import Event, record
from safelight.server.people.actors import SystemActor
from safelight.server.processes import jobs

jobs.POLL_SECONDS = jobs.SEQUENCE_SECONDS = 0.02
sequencer.BATCH = 20

@handler("trial.work", attempts=1000, lease_seconds=1.0)
def work(payload, lease):
    random.seed()
    time.sleep(random.random() * 0.02)
    with lease.finishing():
        record(Event.SIGNED_OUT, SystemActor("jobs"), subject=UUID(payload["id"]), payload=payload)
        time.sleep(random.random() * 0.005)

def child():
    import os
    os.environ["SAFELIGHT_SUPERVISOR"] = str(os.getppid())
    jobs.main(["--threads", "2"])
"""


BACKLOG = 40
"""Work is put there as fast as it is done: the trial is about kills, not about how fast a disk syncs."""


def _wait_until(found: Callable[[], bool], seconds: float = 90) -> None:
    by = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < by, counts()
        time.sleep(0.05)


def _put(number: int) -> list[UUID]:
    """Jobs, each with a ledger row of its own in the transaction that puts it there."""
    ids = [new_id() for _ in range(number)]
    for id_ in ids:
        with transaction.atomic():
            enqueue("trial.work", {"id": str(id_)}, key=str(id_))
            record(Event.SIGNED_IN, SystemActor("web"), subject=id_)
    return ids


def _kill_workers(kills: int, seed: int) -> tuple[list[UUID], int]:
    """Two workers at a time, killed at random moments while work keeps coming; then one that ends it all."""
    rng = random.Random(seed)
    acknowledged: list[UUID] = []
    with nursery(WORKER) as children:
        alive = [children.fork(), children.fork()]
        for _ in range(kills):
            until = time.monotonic() + rng.random() * 0.4
            while time.monotonic() < until:
                if counts().due < BACKLOG:
                    acknowledged += _put(1)
                else:
                    time.sleep(0.01)
            victim = alive.pop(rng.randrange(len(alive)))
            os.kill(victim, signal.SIGKILL)
            alive.append(children.fork())
        done = Job.objects.filter(kind="trial.work", state=Job.State.DONE)
        _wait_until(lambda: done.count() == len(acknowledged))
        _wait_until(lambda: not LedgerPending.objects.exists())
        attempts = Counter(done.values_list("attempts", flat=True))
        for child in alive:
            os.kill(child, signal.SIGKILL)
    return acknowledged, sum(number for attempt, number in attempts.items() if attempt > 1)


def _twice_and_never(acknowledged: list[UUID], event: Event) -> tuple[int, int]:
    told = Counter(LedgerRow.objects.filter(event=event).values_list("subject", flat=True))
    each = [told.pop(pseudonym(id_), 0) for id_ in acknowledged]
    return sum(number > 1 for number in each) + len(told), sum(number == 0 for number in each)


def _assert_sound(acknowledged: list[UUID]) -> None:
    for event in (Event.SIGNED_IN, Event.SIGNED_OUT):
        assert _twice_and_never(acknowledged, event) == (0, 0)
    report = verify_all()
    assert report.findings == ()
    assert report.rows == report.proven == 2 * len(acknowledged) + 1
    assert guard_problems() == ()


def test_killed_workers_lose_no_job_and_do_none_twice_and_the_ledger_stays_whole(committing_db):
    acknowledged, _ = _kill_workers(kills=8, seed=8)
    assert len(acknowledged) > 20
    _assert_sound(acknowledged)


def _terminate_first_thread_of_a_library(process: int) -> None:
    """As the kernel may: it gives a process's signal to any thread that does not block it."""
    threads = sorted(int(entry.name) for entry in Path(f"/proc/{process}/task").iterdir())
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.tgkill(process, threads[1], signal.SIGTERM) == 0


def test_a_worker_does_what_is_due_places_rows_and_drains_when_it_is_told_to(committing_db, tmp_path):
    heads = tmp_path / "heads"
    heads.mkdir()
    (tmp_path / "server.toml").write_text(f'heads_directory = "{heads}"\n')
    with ExitStack() as stack:
        worker = stack.enter_context(job_worker(config=tmp_path / "server.toml"))
        purge = Job.objects.filter(kind="jobs.purge")
        _wait_until(purge.exists)
        before = purge.get().due_at
        purge.update(due_at="2020-01-01T00:00:00Z", key="long ago")
        with transaction.atomic():
            record(Event.SIGNED_OUT, SystemActor("web"))
        _wait_until(lambda: purge.filter(state=Job.State.DONE).exists() and LedgerHead.objects.exists())
        _wait_until(lambda: any(heads.iterdir()))
        with transaction.atomic():
            record(Event.SIGNED_OUT, SystemActor("web"))
        _terminate_first_thread_of_a_library(worker.pid)
        assert worker.wait(30) == 0
        assert worker.stderr is not None
        # No vault runs beside this worker, which says so and works all the same.
        told = worker.stderr.read().splitlines()
        assert [line for line in told if "The vault's keys are not proven yet" not in line] == []
    assert purge.get(state=Job.State.DUE).due_at == before
    assert not LedgerPending.objects.exists()
    report = verify_all(kept=DirectoryArchive(heads))
    assert (report.findings, report.kept_heads > 0) == ((), True)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_hundred_kills(committing_db, tmp_path: Path) -> None:
    started = time.monotonic()
    acknowledged, again = _kill_workers(kills=120, seed=120)
    _assert_sound(acknowledged)
    twice, never = _twice_and_never(acknowledged, Event.SIGNED_OUT)
    tampered, missed = _tamper()
    where = connection.vendor
    for name, figure in {
        "worker_kills": 120,
        "jobs": len(acknowledged),
        "jobs_lost": never,
        "jobs_finished_twice": twice,
        "jobs_taken_over": again,
        "ledger_rows": verify_all().rows,
        "ledger_heads": LedgerHead.objects.count(),
        "tampered": tampered,
        "tamper_missed": missed,
        "seconds": round(time.monotonic() - started),
    }.items():
        print(f"FIGURE {name}_{where} {figure}")
    assert missed == 0


def _tamper() -> tuple[int, int]:
    """Alter one column after another behind the server's back; how often that was, and how often unseen."""
    tried = missed = 0
    with raw_database() as raw:
        raw.unguard()
        rng = random.Random(1)
        for model in (LedgerRow, LedgerPayload, LedgerHead):
            table, key = model._meta.db_table, model._meta.pk.column
            columns = [field.column for field in model._meta.concrete_fields if not field.primary_key]
            keys = [found for (found,) in raw.run(f'SELECT "{key}" FROM {table}')]
            for column in columns:
                for where in rng.sample(keys, 3):
                    [(value,)] = raw.run(f'SELECT "{column}" FROM {table} WHERE "{key}" = ?', where)
                    other = _altered(value)
                    if other is None:
                        continue
                    raw.run(f'UPDATE {table} SET "{column}" = ? WHERE "{key}" = ?', other, where)
                    tried += 1
                    missed += verify_all().is_whole
                    raw.run(f'UPDATE {table} SET "{column}" = ? WHERE "{key}" = ?', value, where)
    assert verify_all().is_whole
    return tried, missed


def _altered(value: object) -> object:
    match value:
        case bytes() | memoryview():
            raw = bytes(value)
            return raw[:-1] + bytes([raw[-1] ^ 1])
        case str():
            return value[:-1] + ("0" if value[-1:] != "0" else "1")
        case _:
            return None


def test_two_sequencing_processes_and_this_one_agree(committing_db):
    with nursery(WORKER) as children:
        workers = [children.fork(), children.fork()]
        for _ in range(10):
            _put(2)
            sequence_once()
        _wait_until(lambda: counts().due + counts().leased == 0 and not LedgerPending.objects.exists())
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
    report = verify_all()
    assert (report.findings, report.rows) == ((), 41)
    assert all(head.signed(origin()) for head in LedgerHead.objects.all())
