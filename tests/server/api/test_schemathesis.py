"""Requests made from the API's own description: none makes it fail, and every answer is one described."""

from __future__ import annotations

import gc
import hashlib
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from django.conf import settings as server
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from safelight.server.people.roles import Role

pytestmark = [
    pytest.mark.usefixtures("db", "keys", "vault", "scanner", "store"),
    # What a broken form had put into a spool ends when the spool is collected.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = 8
"""For each operation and caller; `make trials` asks more."""


@pytest.fixture(autouse=True)
def _one_connection() -> Iterator[None]:
    """Requests of a test are in its transaction, as those of Django's own client."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)
    # Here, where its warning is let pass, and not in the middle of somebody else's test.
    gc.collect()


@pytest.fixture(params=["a stranger", "a key of every scope", "a person of every role"])
def headers(
    request: pytest.FixtureRequest, sender: Callable[..., Any], person_with: Callable[..., Any]
) -> dict[str, str]:
    if request.param == "a key of every scope":
        secret = secrets.token_urlsafe(32)
        key = sender(audience="server").key
        key.secret_digest = hashlib.sha256(secret.encode()).digest()
        key.save()
        return {"Authorization": f"Bearer slk_{key.prefix}_{secret}"}
    if request.param == "a person of every role":
        browser = Client()
        browser.force_login(person_with(*set(Role) - {Role.AUDITOR}))
        token = secrets.token_hex(16)
        session = browser.cookies[server.SESSION_COOKIE_NAME].value
        return {
            "Cookie": f"{server.SESSION_COOKIE_NAME}={session}; {server.CSRF_COOKIE_NAME}={token}",
            "X-CSRFToken": token,
        }
    return {}


def operations() -> Iterator[Any]:
    from safelight.server.api import openapi, urls

    schema = schemathesis.openapi.from_dict(openapi.document(urls.api))
    schema.app = get_wsgi_application()
    for found in schema.get_all_operations():
        yield found.ok()


def examine(headers: dict[str, str], examples: int) -> None:
    wrong = []
    for operation in operations():

        @given(case=operation.as_strategy())
        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def answers_as_described(case: Any) -> None:
            # Who asks is said by the caller alone; what the description would have made up is left out.
            case.headers.pop("Authorization", None)
            case.cookies.clear()
            with transaction.atomic():
                answer = case.call(headers=headers)
                transaction.set_rollback(True)
            case.validate_response(answer, checks=CHECKS)

        try:
            answers_as_described()
        except BaseExceptionGroup as failed:
            wrong.append(f"{operation.label}: {failed.exceptions}\n{failed}")
    assert not wrong, "\n".join(wrong)


def test_whatever_is_sent_is_answered_as_described(headers: dict[str, str]) -> None:
    examine(headers, EXAMPLES)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_however_much_is_sent(headers: dict[str, str]) -> None:
    examine(headers, 200)
