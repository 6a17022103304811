"""Counts for Prometheus, of all web processes together: how much and how long, never what.

Labels come from closed sets: methods, status classes, route names, process names, job states. No label holds
anything that a request brought.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from safelight.errors import SafelightError
from safelight.server.cases.models import Case
from safelight.server.intake.counting import not_permitted_in_all, unscanned_now
from safelight.server.jobs.clock import due_time
from safelight.server.jobs.models import Job
from safelight.server.ledger.models import LedgerPending
from safelight.server.lists.models import HashList, RecheckHit, WaitingBatch, WaitingEntry
from safelight.server.lists.showing import is_stale
from safelight.server.operations.counts import REQUESTS, SECONDS
from safelight.server.processes.index_state import indexes_behind
from safelight.server.processes.run_directory import METRICS, run_directory
from safelight.server.processes.status import read_status
from safelight.server.vault.clocks import alarms

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_GetResponse = Callable[[HttpRequest], HttpResponse]


def measured(get_response: _GetResponse) -> _GetResponse:
    """Middleware that counts requests and their time by the name of their route."""

    def answer(request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        response = get_response(request)
        match = request.resolver_match
        route = (match.view_name or "unnamed") if match else "none"
        method = request.method if request.method in _METHODS else "other"
        REQUESTS.labels(method, route, f"{response.status_code // 100}xx").inc()
        SECONDS.labels(route).observe(time.perf_counter() - began)
        return response

    return answer


class _Present(Collector):
    """What is read at the moment of asking, once, and so belongs to no process."""

    def collect(self) -> Iterable[Metric]:
        """Processes, jobs, the ledger, and what was not looked at."""
        yield from self._processes()
        jobs = GaugeMetricFamily(
            "safelight_jobs", "Jobs by state; dead ones wait for a person", labels=["state"]
        )
        counted = dict(Job.objects.values_list("state").annotate(Count("id")))
        for state in Job.State.values:
            jobs.add_metric([state], counted.get(state, 0))
        yield jobs
        present = due_time()
        oldest = Job.objects.filter(state=Job.State.DUE, due_at__lte=present).aggregate(at=Min("due_at"))[
            "at"
        ]
        yield GaugeMetricFamily(
            "safelight_jobs_oldest_seconds",
            "How long the oldest work that is due has waited",
            value=(present - oldest).total_seconds() if oldest else 0,
        )
        cases = GaugeMetricFamily("safelight_cases", "Cases by state", labels=["state"])
        by_state = dict(Case.objects.values_list("state").annotate(Count("id")))
        for state in Case.State.values:
            cases.add_metric([state], by_state.get(state, 0))
        yield cases
        yield GaugeMetricFamily(
            "safelight_vault_alarms", "Evidence that somebody must look after", value=len(alarms())
        )
        with suppress(SafelightError):  # /readyz says why
            yield GaugeMetricFamily(
                "safelight_indexes_behind",
                "Changes of the lists that no search finds yet",
                value=indexes_behind(settings.CONFIG),
            )
        yield GaugeMetricFamily(
            "safelight_disk_free_bytes",
            "Room on the workspace's disk",
            value=shutil.disk_usage(settings.CONFIG.workspace).free,
        )
        unscanned = GaugeMetricFamily(
            "safelight_unscanned", "Files that could not be scanned when they came", labels=["state"]
        )
        for state, number in unscanned_now().items():
            unscanned.add_metric([state], number)
        yield unscanned
        refused = "Arrivals that the law did not let us look at"
        yield CounterMetricFamily("safelight_not_permitted", refused, value=not_permitted_in_all())
        yield from self._lists()
        waiting = LedgerPending.objects.count()
        yield GaugeMetricFamily("safelight_ledger_unplaced", "Ledger rows not yet in the tree", value=waiting)

    def _lists(self) -> Iterator[Metric]:
        rows = list(HashList.objects.all())
        waiting = WaitingEntry.objects.filter(batch__state=WaitingBatch.State.WAITING)
        finds = RecheckHit.objects.filter(state=RecheckHit.State.WAITING)
        proposed = "Entries that wait for people, set apart or proposed"
        found = "Finds of the past that wait for a person's release"
        for name, said, value in (
            ("safelight_lists_stale", "Lists whose source is overdue", sum(map(is_stale, rows))),
            ("safelight_lists_held", "Lists that fell to hold", sum(bool(row.held_reason) for row in rows)),
            ("safelight_lists_entries_waiting", proposed, waiting.count()),
            ("safelight_lists_recheck_waiting", found, finds.count()),
        ):
            yield GaugeMetricFamily(name, said, value=value)

    def _processes(self) -> Iterator[Metric]:
        status = read_status(run_directory())
        up = GaugeMetricFamily("safelight_process_up", "Whether a process runs", labels=["process"])
        starts = GaugeMetricFamily("safelight_process_starts", "Starts of a process", labels=["process"])
        hangs = GaugeMetricFamily(
            "safelight_process_hangs", "Times that a process was killed because it hung", labels=["process"]
        )
        for process in status.processes if status else ():
            hangs.add_metric([process.name], process.hangs)
            up.add_metric([process.name], int(process.pid is not None))
            starts.add_metric([process.name], process.starts)
        yield up
        yield starts
        yield hangs


def exposition() -> bytes:
    """Everything, in Prometheus' text format."""
    registry = CollectorRegistry()
    collector: Any = MultiProcessCollector  # untyped in the library
    collector(registry, path=str(run_directory() / METRICS))
    registry.register(_Present())
    return generate_latest(registry)
