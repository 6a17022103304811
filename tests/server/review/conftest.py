"""A reviewer with a case of one picture whose bytes are kept, and a sandbox to show them by."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from intake_fixtures import arrive, keys, scanner, sender, spool, use_ring, vault
from pictures import draw, encode

__all__ = ["arrive", "keys", "scanner", "sender", "spool", "use_ring", "vault"]
PICTURE = encode(draw(400, 300), "PNG")


@dataclass
class Clock:
    """The server's clock, which a test moves."""

    at: datetime

    def __call__(self) -> datetime:
        return self.at

    def passes(self, **told: float) -> None:
        self.at += timedelta(**told)


@pytest.fixture
def clock() -> Iterator[Clock]:
    from datetime import UTC

    from safelight.server.ids import clock_at

    # Noon, so that no day ends within a test.
    made = Clock(datetime(2026, 11, 23, 12, tzinfo=UTC))
    with clock_at(made):
        yield made


@pytest.fixture(scope="session")
def decoders() -> Iterator[Any]:
    from safelight.media.sandbox.client import Sandbox

    with Sandbox(accept_partial=True) as made:
        yield made


@pytest.fixture
def sandboxed(decoders: Any, vault: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Renderings are made by a sandbox of the test's, from the bytes of the vault's double."""
    from safelight.server.review import contents

    monkeypatch.setattr(contents, "_sandbox", decoders)
    monkeypatch.setattr(contents, "_held", contents._Held())
    monkeypatch.setattr(contents.vault, "stream", lambda _actor, id_, _why: iter([vault.bytes[id_]]))
    return vault


@pytest.fixture
def own_case(arrive: Callable[..., Any], actor_with: Callable[..., Any]) -> Callable[..., Any]:
    """A reviewer, a case of theirs, and its file."""
    from safelight.server.cases.models import Case
    from safelight.server.people.roles import Role

    def made(*roles: Any, content: bytes = PICTURE, account: str = "u1", actor: Any = None) -> Any:
        occurrence = arrive(account=account, content=content)
        actor = actor or actor_with(*(roles or (Role.REVIEWER,)))
        case = occurrence.membership.case
        Case.objects.filter(pk=case.pk).update(assigned_to=actor.person)
        case.refresh_from_db()
        return actor, case, occurrence.item

    return made
