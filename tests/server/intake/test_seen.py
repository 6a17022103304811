"""Hashes kept for re-checking go in time, and nothing goes that something still rests on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from intake_doubles import CountingScanner, MemoryVault

from safelight.server.cases.models import Case
from safelight.server.ids import clock_at, now
from safelight.server.intake.context import Context, IpSeen
from safelight.server.intake.models import Account, Intake, IpEvent, Item, Occurrence
from safelight.server.intake.seen import forget, forget_old
from safelight.server.intake.services import receive_file
from safelight.server.lists.models import SeenHash
from safelight.server.lists.seen import expire_seen
from safelight.types import Outcome

pytestmark = pytest.mark.usefixtures("db", "keys", "vault", "scanner")
Make = Callable[..., Any]
DAY = timedelta(days=1)


@pytest.fixture
def send(sender: Make, spool: Make) -> Make:
    """A file that arrives so many days after the first."""
    began, actor = now(), sender()

    def at(day: int, content: bytes = b"a file", account: str = "u1", kind: Any = Intake.Kind.UPLOAD) -> Any:
        with clock_at(lambda: began + day * DAY):
            seen = (IpSeen("192.0.2.7"),)
            told = Context(account, sender="somebody", ip_events=seen)
            return receive_file(actor, spool(content), told, kind=kind)

    def forgotten(day: int) -> int:
        with clock_at(lambda: began + day * DAY):
            return forget_old()

    at.forgotten = forgotten  # type: ignore[attr-defined]
    return at


def test_a_clear_file_is_forgotten_after_its_days_and_its_arrival_stays_counted(send: Make) -> None:
    send(0)
    assert send.forgotten(89) == 0
    assert Item.objects.exists()
    assert send.forgotten(91) == 1
    assert not any(model.objects.exists() for model in (Item, Occurrence, Account, IpEvent, SeenHash))
    intake = Intake.objects.get()
    assert (intake.outcome, intake.told) == ("clear", None)


def test_a_file_that_came_again_is_kept_without_its_old_occurrences(send: Make) -> None:
    send(0)
    send(60, account="u2")
    assert send.forgotten(91) == 0
    assert Item.objects.count() == Occurrence.objects.count() == Account.objects.count() == 1
    send(92)
    assert Occurrence.objects.filter(first_seen=True).count() == 0  # it had been seen before
    assert send.forgotten(300) == 1


@pytest.mark.parametrize("outcome", [Outcome.MATCH, Outcome.HOLD])
def test_what_is_in_a_case_is_not_forgotten(send: Make, scanner: CountingScanner, outcome: Outcome) -> None:
    scanner.told[b"a file"] = outcome
    send(0)
    assert send.forgotten(1000) == 0
    assert Case.objects.get().members.count() == Item.objects.count() == Account.objects.count() == 1
    assert Intake.objects.get().told is not None


def test_what_somebody_reported_is_not_forgotten(send: Make) -> None:
    send(0, kind=Intake.Kind.USER_REPORT)
    assert send.forgotten(1000) == 0
    assert Item.objects.exists()


def test_what_waits_to_be_scanned_is_not_forgotten(
    send: Make, scanner: CountingScanner, workspace_setting: Make
) -> None:
    from django.conf import settings

    workspace_setting(retention=settings.CONFIG.retention.model_copy(update={"seen_days": 3}))
    scanner.told[b"a file"] = Outcome.UNSCANNED
    send(0)
    assert send.forgotten(5) == 0
    assert Occurrence.objects.exists()


def test_an_item_whose_bytes_are_kept_is_not_forgotten(
    send: Make, scanner: CountingScanner, vault: MemoryVault
) -> None:
    scanner.told[b"a file"] = Outcome.UNSCANNED
    item = send(0).item_id
    Occurrence.objects.all().delete()
    expire_seen(0)
    assert not forget(item)
    Item.objects.update(unscanned_until=now())
    vault.destroy_unneeded(item)
    assert not vault.bytes
    assert forget(item)
    assert not Item.objects.exists()


def test_an_item_is_not_forgotten_while_a_hash_is_kept_of_it(send: Make) -> None:
    item = send(0).item_id
    Occurrence.objects.all().delete()
    assert not forget(item)
    expire_seen(0)
    assert forget(item)
