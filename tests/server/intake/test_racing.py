"""Arrivals at once, each with a connection of its own: what the constraints and locks promise."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from intake_doubles import CountingScanner, MemoryVault

from safelight.server.cases.models import Case, CaseAccount
from safelight.server.intake.answers import Received
from safelight.server.intake.context import Context
from safelight.server.intake.models import Account, Intake, Item, Occurrence
from safelight.server.intake.services import receive_file, receive_text
from safelight.server.ledger.models import LedgerRow
from safelight.server.vault.models import SealedObject
from safelight.types import Outcome

pytestmark = pytest.mark.usefixtures("committing_db", "keys", "vault", "scanner")
Make = Callable[..., Any]
FILE = b"one file"


def at_once(count: int, act: Callable[[int], Received]) -> list[Received]:
    together = Barrier(count)

    def one(number: int) -> Received:
        try:
            together.wait()
            return act(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_fifty_uploads_of_one_file_at_once_are_one_item_and_one_case(
    sender: Make, spool: Make, scanner: CountingScanner, vault: MemoryVault
) -> None:
    scanner.told[FILE] = Outcome.MATCH
    actor, spools = sender(), [spool(FILE) for _ in range(50)]
    received = at_once(50, lambda i: receive_file(actor, spools[i], Context(account="u1")))
    assert len({one.item_id for one in received}) == Item.objects.count() == 1
    assert len({one.occurrence_id for one in received}) == Occurrence.objects.count() == 50
    assert Occurrence.objects.filter(first_seen=True).count() == 1
    assert len({one.case_id for one in received}) == Case.objects.count() == 1
    assert Case.objects.get().members.count() == 50
    assert Account.objects.count() == CaseAccount.objects.count() == 1
    kept = SealedObject.objects.get()
    assert vault.bytes[kept.pk] == FILE
    assert LedgerRow.objects.filter(event="occurrence.recorded").count() == 50
    assert LedgerRow.objects.filter(event="case.opened").count() == 1
    assert not scanner.in_transaction
    assert not vault.in_transaction


def test_one_idempotency_key_at_once_is_one_arrival(
    sender: Make, spool: Make, scanner: CountingScanner
) -> None:
    scanner.told[FILE] = Outcome.HOLD
    actor, spools = sender(), [spool(FILE) for _ in range(12)]
    received = at_once(
        12, lambda i: receive_file(actor, spools[i], Context(account="u1"), idempotency_key="once")
    )
    assert len(set(received)) == 1
    assert Intake.objects.count() == Occurrence.objects.count() == 1
    assert Case.objects.get().members.count() == 1


def test_different_files_of_one_account_at_once_are_one_case(
    sender: Make, spool: Make, scanner: CountingScanner
) -> None:
    files = [f"file {i % 4}".encode() for i in range(16)]
    scanner.told |= dict.fromkeys(files, Outcome.HOLD)
    actor, spools = sender(), [spool(file) for file in files]
    at_once(16, lambda i: receive_file(actor, spools[i], Context(account="u1")))
    assert Item.objects.count() == 4
    assert Occurrence.objects.filter(first_seen=True).count() == 4
    assert Case.objects.get().members.count() == 16


def test_one_text_at_once_is_new_once(sender: Make) -> None:
    actor = sender()
    at_once(12, lambda i: receive_text(actor, "one text", Context(account=f"u{i % 3}")))
    assert Occurrence.objects.filter(first_seen=True).count() == 1
    assert Case.objects.count() == 3
