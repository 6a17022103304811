"""Receivers of messages, and jobs that are done when a test says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from receivers import PUBLIC, Net, Web, web

HOST = "hooks.example.org"


@pytest.fixture
def receiver() -> Iterator[Web]:
    with web() as running:
        running.answers["/hook"] = (204, {}, b"")
        yield running


@pytest.fixture
def net(receiver: Web, monkeypatch: pytest.MonkeyPatch, workspace_setting: Callable[..., None]) -> Net:
    """The network of deliveries; its one internal receiver stands in for those that TLS would reach."""
    from safelight.server.config import Webhooks
    from safelight.server.webhooks import handlers
    from safelight.server.webhooks.delivering import attempt

    net = Net(names={HOST: [[PUBLIC]]}, leads_to={PUBLIC: receiver.port, "10.0.0.5": receiver.port})
    monkeypatch.setattr(handlers, "attempt", lambda delivery: attempt(delivery, network=net.network()))
    workspace_setting(webhooks=Webhooks(internal=(f"{HOST}:80",)))
    return net


@pytest.fixture
def run_jobs() -> Callable[[], None]:
    """Does what is due now, attempts that failed before included."""
    from safelight.server.jobs.clock import database_time
    from safelight.server.jobs.models import Job
    from safelight.server.jobs.registry import load_handlers
    from safelight.server.jobs.working import work_once

    load_handlers()

    def run() -> None:
        Job.objects.filter(kind="webhooks.deliver", state=Job.State.DUE).update(due_at=database_time())
        for _ in range(Job.objects.filter(kind="webhooks.deliver", state=Job.State.DUE).count()):
            work_once("a test")

    return run


@pytest.fixture
def administrator(actor_with: Callable[..., Any]) -> Any:
    from safelight.server.people.roles import Role

    return actor_with(Role.ADMINISTRATOR)
