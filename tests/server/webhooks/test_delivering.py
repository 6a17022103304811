"""A message is committed with what it tells of, signed, tried again, and never lost without a trace."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from receivers import Net, Web
from standardwebhooks import Webhook, WebhookVerificationError

from safelight.server.ids import clock_at, now
from safelight.server.jobs.models import Job
from safelight.server.ledger.models import LedgerRow
from safelight.server.people.permissions import PermissionDenied
from safelight.server.people.roles import Role
from safelight.server.webhooks import handlers
from safelight.server.webhooks.endpoints import OVERLAP, make_endpoint, retire_endpoint, rotate_secret
from safelight.server.webhooks.errors import NoSuchEndpoint
from safelight.server.webhooks.kinds import Kind
from safelight.server.webhooks.models import Delivery, Endpoint
from safelight.server.webhooks.services import deliveries, emit, resend

pytestmark = pytest.mark.usefixtures("committing_db")
URL = "http://hooks.example.org/hook"
CASE = {"case": str(uuid.UUID(int=7)), "priority": 80}


def tell(kind: Kind = Kind.CASE_OPENED, **data: Any) -> None:
    with transaction.atomic():
        emit(kind, data or CASE)


@pytest.fixture
def endpoint(net: Net, administrator: Any) -> Any:
    return make_endpoint(administrator, URL, [Kind.CASE_OPENED, Kind.KEY_SUSPENDED])


def test_a_message_arrives_and_any_library_of_the_scheme_verifies_it(
    endpoint: Any, receiver: Web, run_jobs: Callable[[], None]
) -> None:
    tell()
    run_jobs()
    [(method, path, headers, body)] = receiver.asked
    assert (method, path, headers["content-type"]) == ("POST", "/hook", "application/json")
    told = Webhook(endpoint.secret).verify(body, headers)
    assert told["type"] == "case.opened"
    assert told["data"] == CASE
    delivery = Delivery.objects.get()
    assert headers["webhook-id"] == f"msg_{delivery.pk}"
    assert (delivery.state, delivery.last_status, delivery.attempts) == ("delivered", 204, 1)
    with pytest.raises(WebhookVerificationError):
        Webhook(endpoint.secret).verify(body + b" ", headers)


def test_only_what_was_asked_for_is_sent(endpoint: Any, receiver: Web, run_jobs: Callable[[], None]) -> None:
    tell(Kind.CASE_FINISHED, case=str(uuid.UUID(int=7)))
    run_jobs()
    assert receiver.asked == []


def test_what_is_undone_is_not_told(endpoint: Any) -> None:
    with transaction.atomic():
        emit(Kind.CASE_OPENED, CASE)
        transaction.set_rollback(True)
    assert not Delivery.objects.exists()
    with pytest.raises(transaction.TransactionManagementError):
        emit(Kind.CASE_OPENED, CASE)


def test_a_receiver_that_fails_gets_it_again_under_the_same_id(
    endpoint: Any, receiver: Web, run_jobs: Callable[[], None]
) -> None:
    receiver.answers["/hook"] = (500, {}, b"secret inner words")
    tell()
    run_jobs()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.last_status) == ("waiting", 500)
    assert "inner" not in delivery.last_error
    assert "inner" not in Job.objects.get(kind="webhooks.deliver").last_error
    receiver.answers["/hook"] = (200, {}, b"")
    run_jobs()
    assert Delivery.objects.get().state == "delivered"
    first, second = receiver.asked
    assert first[2]["webhook-id"] == second[2]["webhook-id"]
    assert first[3] == second[3]


def test_what_is_given_up_is_a_dead_letter_that_can_be_sent_again(
    endpoint: Any, receiver: Web, run_jobs: Callable[[], None], administrator: Any
) -> None:
    receiver.answers["/hook"] = (503, {}, b"")
    tell()
    for _ in range(handlers.ATTEMPTS):
        run_jobs()
    [dead] = deliveries(administrator, state=Delivery.State.DEAD)
    assert dead.attempts == handlers.ATTEMPTS == len(receiver.asked)
    assert Job.objects.get(kind="webhooks.deliver").state == Job.State.DONE
    receiver.answers["/hook"] = (200, {}, b"")
    resend(administrator, dead.pk)
    run_jobs()
    assert Delivery.objects.get().state == "delivered"
    assert LedgerRow.objects.filter(event="webhook.delivery_resent").count() == 1
    with pytest.raises(NoSuchEndpoint):
        resend(administrator, dead.pk)


def test_both_secrets_sign_until_the_overlap_is_over(
    endpoint: Any, receiver: Web, run_jobs: Callable[[], None], administrator: Any
) -> None:
    new = rotate_secret(administrator, endpoint.endpoint.pk)
    tell()
    run_jobs()
    *_, headers, body = receiver.asked[-1]
    for secret in (endpoint.secret, new.secret):
        Webhook(secret).verify(body, headers)
    later = now() + OVERLAP
    with clock_at(lambda: later):
        tell()
        run_jobs()
    *_, headers, body = receiver.asked[-1]
    assert len(headers["webhook-signature"].split()) == 1


def test_a_redirect_is_not_followed(endpoint: Any, receiver: Web, run_jobs: Callable[[], None]) -> None:
    receiver.answers["/hook"] = (307, {"Location": "/other"}, b"")
    tell()
    run_jobs()
    assert len(receiver.asked) == 1
    assert Delivery.objects.get().state == "waiting"


def test_a_retired_endpoint_gets_nothing_more(
    endpoint: Any, receiver: Web, run_jobs: Callable[[], None], administrator: Any
) -> None:
    tell()
    retire_endpoint(administrator, endpoint.endpoint.pk)
    tell()
    run_jobs()
    assert receiver.asked == []
    assert [d.state for d in Delivery.objects.all()] == ["dead"]


def test_a_public_receiver_at_a_private_address_is_not_connected_to(
    administrator: Any, net: Net, run_jobs: Callable[[], None]
) -> None:
    make_endpoint(administrator, "https://hooks.example.org/hook", [Kind.CASE_OPENED])
    net.names["hooks.example.org"] = [["10.0.0.5"]]
    tell()
    run_jobs()
    assert net.dialled == []
    assert Delivery.objects.get().state == "waiting"


def test_an_internal_receiver_is_one_by_the_settings_alone(
    endpoint: Any, net: Net, receiver: Web, run_jobs: Callable[[], None]
) -> None:
    net.names["hooks.example.org"] = [["10.0.0.5"]]
    tell()
    run_jobs()
    assert net.dialled == [("10.0.0.5", 80)]
    assert Delivery.objects.get().state == "delivered"


def test_the_secret_lies_sealed_and_is_shown_once(endpoint: Any) -> None:
    import base64

    stored = bytes(Endpoint.objects.get().secret)
    key = base64.b64decode(endpoint.secret.removeprefix("whsec_"))
    assert len(key) == 32
    assert key not in stored
    assert endpoint.secret.encode() not in stored
    assert endpoint.secret not in repr(endpoint)


def test_old_messages_are_forgotten_and_dead_ones_kept(endpoint: Any) -> None:
    long_ago = now() - timedelta(days=31)
    for state in ("delivered", "dead"):
        Delivery.objects.create(
            endpoint=endpoint.endpoint, kind="case.opened", state=state, settled_at=long_ago
        )
    handlers.purge({}, None)  # type: ignore[arg-type]
    assert [d.state for d in Delivery.objects.all()] == ["dead"]


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMINISTRATOR])
def test_only_an_administrator_sets_receivers_up(
    role: Role, actor_with: Callable[..., Any], net: Net
) -> None:
    with pytest.raises(PermissionDenied):
        make_endpoint(actor_with(role), URL, [Kind.CASE_OPENED])


def test_and_only_with_a_second_factor(actor_with: Callable[..., Any], net: Net) -> None:
    with pytest.raises(PermissionDenied, match="second factor"):
        make_endpoint(actor_with(Role.ADMINISTRATOR, second_factor=False), URL, [Kind.CASE_OPENED])
