"""One alert a fault: told once, again in its rhythm, and to nobody in more words than it takes."""

from __future__ import annotations

import email
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from email import policy
from typing import Any

import pytest
from django.db import transaction
from receivers import Mailbox, mailbox

from safelight.server.alerts import checks
from safelight.server.alerts.checks import Measured, check_all
from safelight.server.alerts.errors import MailNotSent, NoSuchAlert
from safelight.server.alerts.handlers import mail
from safelight.server.alerts.kinds import MEANINGS, Kind, Severity
from safelight.server.alerts.models import Alert
from safelight.server.alerts.services import (
    QUIET,
    acknowledge,
    clear_alert,
    open_alerts,
    raise_alert,
    remind,
)
from safelight.server.cases.models import Case
from safelight.server.config import Mail
from safelight.server.ids import clock_at, now
from safelight.server.jobs.models import Job
from safelight.server.ledger.models import LedgerRow
from safelight.server.people.permissions import PermissionDenied
from safelight.server.people.roles import Role

pytestmark = pytest.mark.django_db
START = datetime.fromisoformat("2026-05-01T12:00:00+00:00")


class Clock:
    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at

    def passes(self, **span: float) -> None:
        self.at += timedelta(**span)


@pytest.fixture
def clock() -> Iterator[Clock]:
    clock = Clock()
    with clock_at(clock):
        yield clock


@pytest.fixture
def inbox(workspace_setting: Callable[..., None]) -> Iterator[Mailbox]:
    with mailbox() as box:
        workspace_setting(
            mail=Mail(
                host="127.0.0.1", port=box.port, encryption="none", sender="safelight@example.org",
                recipients=("one@example.org", "two@example.org"),
            )
        )  # fmt: skip
        yield box


def mails() -> int:
    return Job.objects.filter(kind="alerts.mail").count()


def deliver_mail() -> None:
    for job in Job.objects.filter(kind="alerts.mail"):
        mail(job.payload, None)  # type: ignore[arg-type]
    Job.objects.filter(kind="alerts.mail").delete()


def test_every_kind_says_what_is_wrong_and_what_to_do() -> None:
    assert set(MEANINGS) == set(Kind)
    for meaning in MEANINGS.values():
        assert meaning.sentence.endswith(".")
        assert meaning.next_step.endswith(".")
        assert "{" not in meaning.sentence + meaning.next_step


def test_the_same_fault_is_one_alert_however_often_it_is_raised(inbox: Mailbox) -> None:
    for free in (300, 200, 100):
        raise_alert(Kind.DISK_LOW, detail=f"{free} MiB are free.")
    assert Alert.objects.get().detail == "100 MiB are free."
    assert mails() == 1
    raise_alert(Kind.KEY_SUSPENDED, subject=uuid.UUID(int=1))
    raise_alert(Kind.KEY_SUSPENDED, subject=uuid.UUID(int=2))
    assert Alert.objects.count() == 3


def test_an_alert_of_what_is_undone_is_not_told() -> None:
    with transaction.atomic():
        raise_alert(Kind.IMMINENT_DANGER)
        transaction.set_rollback(True)
    assert not Alert.objects.exists()


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing of the sort"):
        raise_alert("nothing of the sort")


def test_a_value_that_wavers_is_not_told_again_and_again(clock: Clock, inbox: Mailbox) -> None:
    raise_alert(Kind.DISK_LOW)
    for _ in range(5):
        clear_alert(Kind.DISK_LOW)
        clock.passes(minutes=5)
        raise_alert(Kind.DISK_LOW)
    assert Alert.objects.count() == mails() == 1
    clear_alert(Kind.DISK_LOW)
    clock.passes(seconds=QUIET.total_seconds() + 1)
    raise_alert(Kind.DISK_LOW)
    assert Alert.objects.count() == mails() == 2


def test_danger_pages_again_until_somebody_acknowledges(
    clock: Clock, inbox: Mailbox, actor_with: Callable[..., Any]
) -> None:
    alert = raise_alert(Kind.IMMINENT_DANGER, subject=uuid.UUID(int=7))
    for told in range(2, 6):
        clock.passes(minutes=10)
        remind()
        assert mails() == told
    lead = actor_with(Role.LEAD)
    acknowledge(lead, alert.pk)
    clock.passes(hours=2)
    assert remind() == 0
    [shown] = open_alerts(lead)
    assert shown.acknowledged_by == str(lead.person)
    # Danger after danger is danger, not an echo.
    clear_alert(Kind.IMMINENT_DANGER, subject=uuid.UUID(int=7))
    clock.passes(minutes=1)
    raise_alert(Kind.IMMINENT_DANGER, subject=uuid.UUID(int=7))
    assert Alert.objects.count() == 2


def test_the_others_repeat_quietly(clock: Clock, inbox: Mailbox) -> None:
    raise_alert(Kind.JOBS_DEAD)
    clock.passes(hours=23)
    assert remind() == 0
    clock.passes(hours=1)
    assert remind() == 1


def test_a_mail_names_nothing_but_the_kind_and_what_to_do(inbox: Mailbox) -> None:
    case = uuid.UUID(int=7)
    raise_alert(Kind.IMMINENT_DANGER, subject=case, detail="case of account u1 in list hotline")
    deliver_mail()
    [raw] = inbox.messages
    message = email.message_from_bytes(raw, policy=policy.SMTP)
    assert message["To"] == "one@example.org, two@example.org"
    assert message["Subject"].startswith("[Safelight] NOW: ")
    body = message.get_content()
    assert MEANINGS[Kind.IMMINENT_DANGER].sentence in body
    for secret in (str(case), "u1", "hotline", "case of"):
        assert secret.encode() not in raw
        assert secret not in body


def test_what_is_over_is_not_mailed_any_more(inbox: Mailbox) -> None:
    raise_alert(Kind.DISK_LOW)
    clear_alert(Kind.DISK_LOW)
    deliver_mail()
    assert inbox.messages == []


def test_a_mail_server_that_is_away_is_tried_again(workspace_setting: Callable[..., None]) -> None:
    workspace_setting(
        mail=Mail(
            host="127.0.0.1", port=9, encryption="none", sender="a@b.example", recipients=("c@d.example",)
        )
    )
    raise_alert(Kind.DISK_LOW)
    with pytest.raises(MailNotSent):
        deliver_mail()


def test_without_a_mail_server_alerts_are_on_the_page_only(actor_with: Callable[..., Any]) -> None:
    raise_alert(Kind.DISK_LOW, detail="3 MiB are free.")
    assert mails() == 0
    [shown] = open_alerts(actor_with(Role.AUDITOR))
    assert (shown.kind, shown.detail) == (Kind.DISK_LOW, "3 MiB are free.")


def test_the_urgent_come_first(actor_with: Callable[..., Any]) -> None:
    for kind in (Kind.JOBS_DEAD, Kind.IMMINENT_DANGER, Kind.DISK_LOW):
        raise_alert(kind)
    shown = open_alerts(actor_with(Role.LEAD))
    assert shown[0].meaning.severity is Severity.PAGE


def test_who_may_see_and_who_may_acknowledge(actor_with: Callable[..., Any]) -> None:
    alert = raise_alert(Kind.DISK_LOW)
    with pytest.raises(PermissionDenied):
        open_alerts(actor_with(Role.REVIEWER))
    with pytest.raises(PermissionDenied):
        acknowledge(actor_with(Role.AUDITOR), alert.pk)
    acknowledge(actor_with(Role.ADMINISTRATOR), alert.pk)
    acknowledge(actor_with(Role.LEAD), alert.pk)
    assert LedgerRow.objects.filter(event="alert.acknowledged").count() == 1
    clear_alert(Kind.DISK_LOW)
    with pytest.raises(NoSuchAlert):
        acknowledge(actor_with(Role.LEAD), alert.pk)


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Measure one thing alone."""

    def measured(kind: Kind, *values: Measured | Exception) -> None:
        left = list(values)

        def measure(_config: Any) -> Measured:
            value = left.pop(0)
            if isinstance(value, Exception):
                raise value
            return value

        monkeypatch.setattr(checks, "CHECKS", {kind: measure})

    return measured


def test_an_alarm_clears_only_well_below_its_limit(clock: Clock, only: Callable[..., None]) -> None:
    values = [Measured(v, 100, f"{v}") for v in (99, 100, 95, 81, 79, 95)]
    only(Kind.UNSCANNED_WAITING, *values)
    opened = []
    for _ in values:
        check_all()
        opened.append(Alert.objects.filter(cleared_at=None).exists())
    assert opened == [False, True, True, True, False, False]


def test_what_cannot_be_measured_clears_nothing(only: Callable[..., None]) -> None:
    only(Kind.INDEX_BEHIND, Measured(9, 1, ""), OSError(), OSError())
    for _ in range(3):
        check_all()
    assert Alert.objects.filter(cleared_at=None).count() == 1


def test_the_checks_measure_what_is_there(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "indexes_behind", lambda _config: 5_000)
    Case.objects.create(opened_at=now() - timedelta(hours=30))
    Job.objects.create(kind="x", state=Job.State.DEAD, due_at=now())
    check_all()
    found = set(Alert.objects.filter(cleared_at=None).values_list("kind", flat=True))
    assert {"queue_old", "jobs_dead", "index_behind"} <= found
    assert "unscanned_waiting" not in found
    detail = Alert.objects.get(kind="queue_old").detail
    assert detail == "The oldest open case has waited 30 hours."
    Case.objects.all().delete()
    check_all()
    assert not Alert.objects.filter(kind="queue_old", cleared_at=None).exists()
