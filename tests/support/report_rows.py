"""Cases with files and reports about them, as rows, and a vault that listens for their evidence."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.db import transaction
from server_settings import KEYS

from safelight.hotlines import model as told
from safelight.server.cases.models import Case, CaseOccurrence, Decision
from safelight.server.hotlines.models import Report, ReportCase, ReportFile
from safelight.server.hotlines.sealed import seal_content, seal_details
from safelight.server.ids import now
from safelight.server.intake.models import Intake, Item, Occurrence
from safelight.server.intake.record_keys import record_keys
from safelight.server.people.actors import SystemActor
from safelight.server.vault import place
from safelight.server.vault.client import SOCKET
from safelight.server.vault.keys import forget_sealing_key
from safelight.server.vault.services import replay_destructions, seal
from safelight.server.vault.serving import VaultServer, keeper_of
from safelight.types import ListClass, Match, MediaKind, Observation, Outcome, ScanResult, Signal, Verdict

BEFORE = datetime(2026, 1, 1, tzinfo=UTC)


@contextmanager
def listening_vault(run: Path) -> Iterator[None]:
    """The vault process's work in a thread, with the test's own keys; ``SAFELIGHT_RUN`` names ``run``."""

    def forget() -> None:
        place.store.cache_clear()
        place.vault.cache_clear()
        forget_sealing_key()

    forget()
    server = VaultServer(run / SOCKET, keeper_of(KEYS), place.store())
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield
    finally:
        server.stop()
        thread.join()
        forget()


def item_of(content: bytes, list_class: ListClass | None = ListClass.TEST) -> Item:
    """An item with its evidence, which a list of that class matched by its SHA-256; None matches nothing."""
    replay_destructions()
    digest = hashlib.sha256(content).hexdigest()
    signal = Signal("sha256", digest)
    matches = () if list_class is None else (Match(signal, "a list", list_class, "entry-1"),)
    seen = Observation(
        "f", len(content), MediaKind.IMAGE, "image/png", BEFORE, signals=(signal,), matches=matches
    )
    item = Item(size=len(content), kind="image", mime="image/png", outcome="match")
    keys = record_keys()
    item.tag = keys.item_tags(digest)[0]
    item.digest = keys.seal_digest(item.pk, digest)
    item.observation = keys.seal_observation(item.pk, ScanResult(seen, Verdict(Outcome.MATCH, "rule")))
    item.save(force_insert=True)
    fd = os.memfd_create("content")
    try:
        os.write(fd, content)
        seal(item, fd, actor=SystemActor("web"))
    finally:
        os.close(fd)
    return item


def case_of(*items: Item) -> Case:
    """A decided case with a confirmed occurrence of each item."""
    case = Case.objects.create(state="decided")
    for item in items:
        occurrence = Occurrence.objects.create(
            intake=Intake.objects.create(kind="upload"), item=item, first_seen=not item.occurrences.exists()
        )
        CaseOccurrence.objects.create(case=case, occurrence=occurrence)
        Decision.objects.create(case=case, occurrence=occurrence, outcome="confirmed", policy_rule="a rule")
    return case


def summary(mark: str) -> told.Report:
    """What a report says; ``mark`` tells it from others at the mock."""
    return told.Report(
        summary=told.IncidentSummary(date_time=BEFORE),
        reporter=told.Reporter(reporting_person=told.Person(emails=(told.Email(address="a@example.org"),))),
        additional_info=mark,
    )


def draft_of(case: Case, mark: str = "a report", **fields: Any) -> Report:
    """A draft about every file of a case, for the mock unless told otherwise."""
    fields = {"environment": "mock", "hotline": "cybertipline", "duty": "us", **fields}
    with transaction.atomic():
        report = Report(case=case, **fields)
        seal_content(report, summary(mark))
        report.save(force_insert=True)
        ReportCase.objects.create(report=report, case=case)
        for position, member in enumerate(case.members.order_by("pk")):
            file = ReportFile(
                report=report, item=member.occurrence.item, occurrence=member.occurrence, position=position
            )
            seal_details(file, told.FileDetails(file_name=f"{mark}-{position}"))
            file.save(force_insert=True)
    return report


def handed_over(report: Report) -> Report:
    """Sent, as :func:`safelight.server.hotlines.sending.send` does, by nobody in particular."""
    from safelight.server.hotlines.models import Sending
    from safelight.server.hotlines.queueing import enqueue_sending

    with transaction.atomic():
        report.state, report.handed_over_at = Report.State.SENDING, now()
        report.save(update_fields=["state", "handed_over_at"])
        Sending.objects.create(report=report)
        enqueue_sending(report)
    return report
