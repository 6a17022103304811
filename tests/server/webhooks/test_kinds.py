"""No message can carry content: what a kind may say is a closed table. Addresses are checked when entered."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from safelight.server.people.roles import Role
from safelight.server.webhooks.endpoints import make_endpoint
from safelight.server.webhooks.errors import EndpointRefused, WebhookError
from safelight.server.webhooks.kinds import FIELDS, Form, Kind, checked

ID = str(uuid.UUID(int=1))
DIGEST = hashlib.sha256(b"a file").hexdigest()


def test_every_kind_has_its_fields() -> None:
    assert set(FIELDS) == set(Kind)


def test_what_the_table_allows_passes_and_null_is_allowed() -> None:
    told = {"submission": ID, "outcome": "match", "reason": None, "account": "user 4711 Ä"}
    assert checked(Kind.SUBMISSION_FINISHED, told) == told


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sha256", DIGEST), ("list", "hotline"), ("distance", 3), ("text", "words"), ("file", "x"),
        ("submission", DIGEST), ("submission", "pdq"), ("outcome", DIGEST), ("outcome", "Match"),
        ("outcome", "two words"), ("outcome", ["match"]), ("submission", {"id": ID}), ("account", "x" * 201),
        ("account", 7),
    ],
)  # fmt: skip
def test_anything_else_is_refused_before_it_is_sent(field: str, value: Any) -> None:
    with pytest.raises(WebhookError) as refused:
        checked(Kind.SUBMISSION_FINISHED, {field: value})
    assert str(value) not in str(refused.value) or len(str(value)) < 3


def test_no_field_of_any_kind_is_named_for_content() -> None:
    named = {field for fields in FIELDS.values() for field in fields}
    assert not named & {"sha256", "md5", "pdq", "hash", "list", "entry", "distance", "text", "file", "name"}
    names = {field for fields in FIELDS.values() for field, form in fields.items() if form is Form.NAME}
    assert names == {"content", "account", "surface"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.org/", "https://user@hooks.example.org/", "ftp://hooks.example.org/", "https:///x",
        "https://hooks.example.org/\r\nX: y", "javascript:alert(1)", "", "https://[fe80::1%25eth0]/",
        "http://localhost:8400/", "http://169.254.169.254/latest",
    ],
)  # fmt: skip
def test_an_address_that_no_message_may_go_to_is_refused(url: str, actor_with: Callable[..., Any]) -> None:
    with pytest.raises(EndpointRefused):
        make_endpoint(actor_with(Role.ADMINISTRATOR), url, [Kind.CASE_OPENED])
