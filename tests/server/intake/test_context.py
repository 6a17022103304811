"""What a platform may tell: typed, optional, and refused without repeating it."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safelight.server.intake.context import NOTHING_TOLD, Context, IpSeen, read_context
from safelight.server.intake.errors import ContextRefused
from safelight.server.intake.models import IpEvent, Occurrence


def test_nothing_needs_to_be_told() -> None:
    assert read_context("") == read_context("{}") == NOTHING_TOLD


def test_everything_that_can_be_told_is_read() -> None:
    told = {
        "account": "u1", "content_id": "post-7", "surface": "posts", "country": "de", "visibility": "shared",
        "file_name": "holiday.jpg", "sender": "a user", "reference": "ticket 9",
        "occurred_at": "2026-01-02T03:04:05Z",
        "ip_events": [
            {"address": "2001:db8::7", "port": 443, "kind": "login", "device": "a phone", "country": "fr",
             "at": "2026-01-02T03:04:05+02:00"}
        ],
    }  # fmt: skip
    context = read_context(json.dumps(told))
    assert context.country == "DE"
    assert context.visibility is Occurrence.Visibility.SHARED
    assert context.occurred_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    [seen] = context.ip_events
    assert seen == IpSeen(
        "2001:db8::7", 443, IpEvent.Kind.LOGIN, "a phone", "FR", datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    "told",
    [
        {"acount": "u1"},
        {"account": "secret-name\0"},
        {"account": "x" * 201},
        {"country": "Germany"},
        {"occurred_at": "2026-01-02T03:04:05"},
        {"ip_events": [{"address": "secret-name"}]},
        {"ip_events": [{"address": "192.0.2.1", "port": 65_536}]},
        {"visibility": "secret-name"},
        [],
        None,
    ],
)
def test_what_is_malformed_is_refused_and_not_repeated(told: object) -> None:
    with pytest.raises(ContextRefused) as refused:
        read_context(json.dumps(told))
    assert "secret-name" not in str(refused.value)


@given(st.one_of(st.text(), st.binary(), st.from_type(dict[str, str | int | None]).map(json.dumps)))
def test_no_text_does_anything_but_read_or_be_refused(text: str | bytes) -> None:
    with suppress(ContextRefused):
        assert isinstance(read_context(text), Context)
