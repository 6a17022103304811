"""A page that fails says whether trying again soon helps, and nothing else."""

from __future__ import annotations

import pytest
from django.db import InterfaceError
from django.test import Client


@pytest.mark.parametrize(("error", "status"), [(InterfaceError, 503), (RuntimeError, 500)])
def test_a_database_that_is_away_is_503(db, monkeypatch: pytest.MonkeyPatch, error, status) -> None:
    def fail() -> None:
        raise error("a secret")

    monkeypatch.setattr("safelight.server.operations.views.exposition", fail)
    answered = Client(raise_request_exception=False).get("/metrics")
    assert answered.status_code == status
    assert b"a secret" not in answered.content
    assert ("Retry-After" in answered) == (status == 503)
