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
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from safelight.server.intake.counting import not_permitted_in_all, unscanned_now
from safelight.server.jobs.models import Job
from safelight.server.ledger.models import LedgerPending
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
        """Processes, jobs, the ledger, and what was not looked at."""
        yield from self._processes()
        jobs = GaugeMetricFamily(
            "safelight_jobs", "Jobs by state; dead ones wait for a person", labels=["state"]
        )
        counted = dict(Job.objects.values_list("state").annotate(Count("id")))
        for state in Job.State.values:
            jobs.add_metric([state], counted.get(state, 0))
        yield jobs
        unscanned = GaugeMetricFamily(
            "safelight_unscanned", "Files that could not be scanned when they came", labels=["state"]
        )
        for state, number in unscanned_now().items():
            unscanned.add_metric([state], number)
        yield unscanned
        refused = "Arrivals that the law did not let us look at"
        yield CounterMetricFamily("safelight_not_permitted", refused, value=not_permitted_in_all())
        waiting = LedgerPending.objects.count()
        yield GaugeMetricFamily("safelight_ledger_unplaced", "Ledger rows not yet in the tree", value=waiting)

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
