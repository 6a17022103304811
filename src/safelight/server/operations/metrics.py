"""Counts for Prometheus, of all web processes together: how much and how long, never what.

Labels come from closed sets: methods, status classes, route names, process names, job states. No label holds
anything that a request brought.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from safelight.server.jobs.models import Job
from safelight.server.ledger.models import LedgerPending
from safelight.server.lists.models import HashList, RecheckHit, WaitingBatch, WaitingEntry
from safelight.server.lists.showing import is_stale
from safelight.server.processes.run_directory import METRICS, run_directory
from safelight.server.processes.status import read_status

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

REQUESTS = Counter("safelight_requests", "Requests answered", ["method", "route", "status"])
SECONDS = Histogram("safelight_request_seconds", "Time to answer a request", ["route"])

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
        """Processes, jobs and the ledger."""
        yield from self._processes()
        jobs = GaugeMetricFamily(
            "safelight_jobs", "Jobs by state; dead ones wait for a person", labels=["state"]
        )
        counted = dict(Job.objects.values_list("state").annotate(Count("id")))
        for state in Job.State.values:
            jobs.add_metric([state], counted.get(state, 0))
        yield jobs
        yield from self._lists()
        waiting = LedgerPending.objects.count()
        yield GaugeMetricFamily("safelight_ledger_unplaced", "Ledger rows not yet in the tree", value=waiting)

    def _lists(self) -> Iterator[Metric]:
        rows = list(HashList.objects.all())
        waiting = WaitingEntry.objects.filter(batch__state=WaitingBatch.State.WAITING)
        finds = RecheckHit.objects.filter(state=RecheckHit.State.WAITING)
        for name, said, value in (
            ("stale", "Lists whose source is overdue", sum(map(is_stale, rows))),
            ("held", "Lists that fell to hold", sum(bool(row.held_reason) for row in rows)),
            ("entries_waiting", "Entries that wait for people, set apart or proposed", waiting.count()),
            ("recheck_waiting", "Finds of the past that wait for a person's release", finds.count()),
        ):
            yield GaugeMetricFamily(f"safelight_lists_{name}", said, value=value)

    def _processes(self) -> Iterator[Metric]:
        status = read_status(run_directory())
        up = GaugeMetricFamily("safelight_process_up", "Whether a process runs", labels=["process"])
        starts = GaugeMetricFamily("safelight_process_starts", "Starts of a process", labels=["process"])
        for process in status.processes if status else ():
            up.add_metric([process.name], int(process.pid is not None))
            starts.add_metric([process.name], process.starts)
        yield up
        yield starts


def exposition() -> bytes:
    """Everything, in Prometheus' text format."""
    registry = CollectorRegistry()
    collector: Any = MultiProcessCollector  # untyped in the library
    collector(registry, path=str(run_directory() / METRICS))
    registry.register(_Present())
    return generate_latest(registry)
