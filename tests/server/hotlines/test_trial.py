"""Hundreds of reports against a hotline that fails at random, sent by workers that are killed at random.

Afterwards the mock's memory is held against the rows: whatever happened between them, each report was
finished once, with each of its files once; every report that was opened in vain is on record; and every
answer that the mock sent whole is stored as it came, unless the request is on record as lost.
"""

from __future__ import annotations

import os
import random
import re
import signal
import time
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from safelight.hotlines.mock.faults import Faults
from safelight.hotlines.mock.serving import Conduct
from safelight.hotlines.mock.state import KeptReport, Standing, State

PATIENCE = 600.0
WORKERS = 3
CODE = """
import os
os.environ["SAFELIGHT_RUN"] = {run!r}
from dataclasses import replace
from functools import partial
import httpx2
import structlog
from django.conf import settings
from django.db import connection
from safelight.hotlines.cybertipline.client import Client
from safelight.server.config import Cybertipline
from safelight.server.hotlines import driving, handlers
from safelight.server.jobs import registry
from safelight.server.jobs.working import work_once
structlog.configure(logger_factory=structlog.ReturnLoggerFactory())  # its output is read by the test
told = Cybertipline(environment="mock", mock_url={base!r})
settings.CONFIG = settings.CONFIG.model_copy(update={{"cybertipline": told}})
driving.FIRST_PAUSE, driving.LONGEST_PAUSE = 0.02, 0.5
hurried = partial(Client, timeouts=httpx2.Timeout(1.0, connect=10.0), answer_seconds=5.0)
handlers.drive = partial(driving.drive, connect=hurried)
registry.load_handlers()
sends = replace(registry.HANDLERS["hotlines.send"], lease_seconds=2.0, attempts=10_000)
registry.HANDLERS.clear()
registry.HANDLERS["hotlines.send"] = sends
connection.close()
def child():
    import time
    while True:
        if not work_once("worker %d" % os.getpid()):
            time.sleep(0.05)
"""


@dataclass(frozen=True)
class Aftermath:
    """What was found, all of it zero where nothing is wrong."""

    reports_lost: int
    finished_twice: int
    duplicate_files: int
    files_missing: int
    orphans_unrecorded: int
    orphans_finished: int
    orphans_after_deadline: int
    answers_lost: int
    receipts_differing: int


def mark_of(kept: KeptReport) -> str:
    found = re.search(rb"<additionalInfo>(report-\d+)</additionalInfo>", kept.document)
    assert found
    return found[1].decode()


def lost_of(report) -> int:
    """How many of its requests are on record as lost, with no answer."""
    from safelight.server.hotlines.models import Attempt

    return Attempt.objects.filter(step__report=report, outcome="lost", body=None).count()


def left_open_after_the_deadline(directory: Path) -> int:
    later = State(directory, clock=lambda: time.time() + 26 * 3600)
    left = [kept for kept in later.reports() if kept.standing is Standing.OPEN]
    later.close()
    return len(left)


def hold_against(hotline: State, directory: Path, drafts: dict[str, object], files: int) -> Aftermath:
    from safelight.server.hotlines.models import Attempt, Orphan, Receipt, Report

    kept = hotline.reports()
    finished = defaultdict(list)
    for one in kept:
        if one.standing is Standing.FINISHED:
            finished[mark_of(one)].append(one)
    rows = {mark: Report.objects.get(pk=pk) for mark, pk in drafts.items()}
    receipts = {r.report_id: r for r in Receipt.objects.all()}
    by_mark = Counter(mark_of(one) for one in kept if one.standing in {Standing.OPEN, Standing.DELETED})
    recorded = Counter({mark: Orphan.objects.filter(report=row).count() for mark, row in rows.items()})
    orphaned = set(Orphan.objects.exclude(number="").values_list("number", flat=True))
    given = {one.request_id: one for one in hotline.answers()}
    stored = {a.request_id: bytes(a.body or b"") for a in Attempt.objects.exclude(request_id="")}
    receipt_bodies = {one.report: one.body for one in given.values() if b"<reportDoneResponse>" in one.body}
    unstored = [one for one in given.values() if one.sent == "whole" and one.request_id not in stored]
    marks = {one.id: mark_of(one) for one in kept}
    of_report = Counter(marks[one.report] for one in unstored if one.report is not None)
    told_lost = Counter({mark: lost_of(row) for mark, row in rows.items()})
    nameless = len(unstored) - of_report.total()
    return Aftermath(
        reports_lost=sum(row.state != "finished" or not finished[mark] for mark, row in rows.items()),
        finished_twice=sum(len(f) > 1 or any(o.finishes != 1 for o in f) for f in finished.values()),
        duplicate_files=sum(
            len({file.name for file in one.files}) != len(one.files) for f in finished.values() for one in f
        ),
        files_missing=sum(
            {file.name for file in one.files} != {f"{mark}-{n}" for n in range(files)}
            for mark, f in finished.items()
            for one in f
        ),
        orphans_unrecorded=(by_mark - recorded).total(),
        orphans_finished=sum(str(o.id) in orphaned for f in finished.values() for o in f),
        orphans_after_deadline=left_open_after_the_deadline(directory),
        answers_lost=(of_report - told_lost).total()
        + max(0, nameless - (told_lost - of_report).total())
        + sum(stored[one] != given[one].body for one in stored if given[one].sent == "whole"),
        receipts_differing=sum(
            r.receipted and bytes(r.body) != receipt_bodies[int(r.number)] for r in receipts.values()
        ),
    )


def send_all(
    mock, hotline, directory, run, *, reports: int, files: int, kills: int, faults: float
) -> tuple[Aftermath, dict[str, int]]:
    from report_rows import case_of, draft_of, handed_over, item_of
    from server_process import nursery

    from safelight.server.hotlines.models import Attempt, Orphan, Receipt, Report

    drafts = {}
    items = [item_of(b"file %d " % number * 3_000) for number in range(files)]
    for number in range(reports):
        mark = f"report-{number}"
        drafts[mark] = handed_over(draft_of(case_of(*items), mark)).pk
    seed = int(os.environ.get("SAFELIGHT_TRIAL_SEED", "0")) or random.randrange(1, 1 << 30)
    print(f"seed {seed}")
    drawn = random.Random(seed)
    mock.conduct(Conduct(faults=Faults(faults, seed=seed), silent_seconds=1.5, slow_seconds=0.5))
    killed, until, calm = 0, time.monotonic() + PATIENCE, False
    with nursery(CODE.format(run=str(run), base=mock.base)) as nursed:
        workers = [nursed.fork() for _ in range(WORKERS)]
        while (left := Report.objects.exclude(state="finished").count()) or killed < kills:
            assert time.monotonic() < until, f"{left} reports were not finished; {killed} kills; seed {seed}"
            if left and killed < kills:
                time.sleep(drawn.uniform(0.05, 0.4))
                victim = workers.pop(drawn.randrange(len(workers)))
                os.kill(victim, signal.SIGKILL)
                killed += 1
                workers.append(nursed.fork())
            elif not left:
                break
            else:
                if not calm and left < reports // 20:
                    # "When the service recovers": the last ones are not to be hit for ever.
                    mock.conduct(Conduct())
                    calm = True
                time.sleep(0.2)
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
    found = hold_against(hotline, directory, drafts, files)
    told = {
        "reports": reports,
        "worker_kills": killed,
        "requests": Attempt.objects.count(),
        "requests_lost": Attempt.objects.filter(outcome="lost").count(),
        "reports_opened": len(hotline.reports()),
        "orphans": Orphan.objects.count(),
        "already_finished": Receipt.objects.filter(receipted=False).count(),
    }
    return found, told


@pytest.fixture
def everything(committing_db, set_up, run_directory, mock):
    from report_rows import listening_vault

    set_up()
    with listening_vault(run_directory):
        yield


def test_some_reports_with_workers_killed(everything, mock, hotline, tmp_path, run_directory) -> None:
    found, told = send_all(
        mock, hotline, tmp_path / "mock", run_directory, reports=8, files=2, kills=6, faults=0.2
    )
    assert set(asdict(found).values()) == {0}, (found, told)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_three_hundred_reports_and_a_hundred_kills(
    everything, mock, hotline, tmp_path, run_directory
) -> None:
    from django.db import connection

    started = time.monotonic()
    found, told = send_all(
        mock, hotline, tmp_path / "mock", run_directory, reports=300, files=2, kills=110, faults=0.15
    )
    for name, value in {**told, **asdict(found)}.items():
        print(f"FIGURE hotline_{name}_{connection.vendor} {value}")
    print(f"FIGURE hotline_seconds_{connection.vendor} {time.monotonic() - started:.0f}")
    assert set(asdict(found).values()) == {0}
    assert told["worker_kills"] >= 100
