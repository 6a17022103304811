"""The job worker does the vault's recurring work."""

from __future__ import annotations

import pytest

from safelight.server.ids import now
from safelight.server.jobs.registry import HANDLERS, load_handlers
from safelight.server.jobs.services import enqueue
from safelight.server.jobs.working import work_once
from safelight.server.people.actors import SystemActor
from safelight.server.vault.models import SealedObject
from safelight.server.vault.services import stands
from safelight.vault.retention import Standing

pytestmark = pytest.mark.usefixtures("committing_db")


def test_all_recurring_work_is_registered() -> None:
    load_handlers()
    assert {"vault.purge", "vault.orphans", "vault.rewrap"} <= HANDLERS.keys()
    assert all(HANDLERS[kind].every for kind in ("vault.purge", "vault.orphans", "vault.rewrap"))


def test_a_worker_destroys_what_is_due_and_rewraps_after_a_rotation(vault, seal_one) -> None:
    from django.db import transaction

    load_handlers()
    due, kept = seal_one(b"due"), seal_one(b"kept")
    stands(SystemActor("web"), due.pk, Standing.DISMISSED, now().replace(year=2001))
    vault.rotate()
    with transaction.atomic():
        enqueue("vault.purge", {})
        enqueue("vault.rewrap", {})
    while work_once("a worker"):
        pass
    due.refresh_from_db()
    assert due.state == "destroyed"
    before = kept.wrapping_key
    kept.refresh_from_db()
    assert kept.wrapping_key != before
    assert SealedObject.objects.filter(state="sealed").count() == 1
