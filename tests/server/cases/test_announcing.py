"""What the platform's systems are told as cases go on: ids and outcomes, in the transaction they tell of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from intake_doubles import CountingScanner

from safelight.server.cases.complaints import answer_complaint, complain
from safelight.server.config import Webhooks
from safelight.server.intake.context import Context
from safelight.server.intake.models import Occurrence
from safelight.server.intake.services import receive_file
from safelight.server.intake.waiting import conclude
from safelight.server.people.actors import KeyActor
from safelight.server.people.roles import Role
from safelight.server.webhooks import services
from safelight.server.webhooks.endpoints import make_endpoint
from safelight.server.webhooks.kinds import Kind
from safelight.server.webhooks.models import Delivery
from safelight.types import Outcome, ScanResult

pytestmark = pytest.mark.usefixtures("db")
Make = Callable[..., Any]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    heard: list[tuple[str, dict[str, Any]]] = []

    def emit(kind: str, payload: dict[str, Any]) -> None:
        assert connection.in_atomic_block
        heard.append((kind, payload))
        real(kind, payload)

    real = services.emit
    monkeypatch.setattr(services, "emit", emit)
    return heard


def test_a_case_from_its_opening_to_an_upheld_complaint(
    told: list[Any], sender: Make, spool: Make, scanner: CountingScanner, keys: Any, vault: Any, settle: Make,
    actor_with: Make,
) -> None:  # fmt: skip
    scanner.told[b"a file"] = Outcome.MATCH
    actor = sender()
    for post in ("post-1", "post-2"):
        receive_file(actor, spool(b"a file"), Context("u1", post, file_name="secret.png"))
    first = Occurrence.objects.order_by("pk")[0]
    settle(first, "confirmed")
    made = complain(KeyActor(first.intake.key), first, "this is my garden")
    answer_complaint(actor_with(Role.SENIOR_REVIEWER), made, upheld=True, answer="It is a garden.")
    assert [kind for kind, _ in told] == [
        "case.opened", "case.extended", "decision.made", "item.hide", "account.suspend", "decision.made",
        "item.hide", "case.finished", "decision.made", "item.restore",
    ]  # fmt: skip
    told = [message for message in told if message[0] not in {"item.hide", "account.suspend"}]
    opened, extended = told[0][1], told[1][1]
    assert (opened["content"], opened["account"], opened["priority"]) == ("post-1", "u1", 80)
    assert extended["content"] == "post-2"
    assert told[5][1]["supersedes"] == told[2][1]["decision"]
    assert told[6][1]["submission"] == str(first.intake_id)
    everything = repr(told)
    for secret in ("secret.png", "garden", "a list", "entry-1"):
        assert secret not in everything


def test_what_was_accepted_as_a_job_is_told_once_with_its_outcome(
    told: list[Any], sender: Make, spool: Make, scanner: CountingScanner, keys: Any, vault: Any
) -> None:
    video = b"\x1a\x45\xdf\xa3 a film"
    received = receive_file(sender(), spool(video), Context("u1", "post-1"))
    assert not told
    scanned: ScanResult = scanner.scan(f"/proc/self/fd/{spool(video).fd}")
    item = Occurrence.objects.get().item
    conclude(item, scanned, keys)
    conclude(item, scanned, keys)
    [(kind, payload)] = told
    assert (kind, payload["submission"], payload["outcome"], payload["content"]) == (
        "submission.finished", str(received.intake_id), "clear", "post-1",
    )  # fmt: skip


def test_one_event_makes_one_delivery(
    sender: Make, spool: Make, scanner: CountingScanner, keys: Any, vault: Any, settle: Make,
    actor_with: Make, workspace_setting: Make,
) -> None:  # fmt: skip
    workspace_setting(webhooks=Webhooks(internal=("hooks.example.org:80",)))
    make_endpoint(actor_with(Role.ADMINISTRATOR), "http://hooks.example.org/hook", list(Kind))
    scanner.told[b"a file"] = Outcome.MATCH
    receive_file(sender(), spool(b"a file"), Context("u1"))
    seen = Occurrence.objects.get()
    settle(seen, "confirmed")
    made = complain(KeyActor(seen.intake.key), seen, "this is my garden")
    answer_complaint(actor_with(Role.SENIOR_REVIEWER), made, upheld=True, answer="It is a garden.")
    told = list(Delivery.objects.order_by("pk").values_list("kind", flat=True))
    assert told == [
        "case.opened", "decision.made", "item.hide", "account.suspend", "case.finished", "decision.made",
        "account.restore", "item.restore",
    ]  # fmt: skip
