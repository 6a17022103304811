"""Fixtures around the doubles of intake. Nothing of Django is imported before it is set up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from safelight.keys import Keyring
from safelight.types import Outcome
from safelight.vault.spool import Spool

if TYPE_CHECKING:
    from intake_doubles import CountingScanner, MemoryVault

    from safelight.server.intake.models import Occurrence
    from safelight.server.intake.record_keys import RecordKeys
    from safelight.server.people.actors import KeyActor


@pytest.fixture
def scanner(monkeypatch: pytest.MonkeyPatch) -> CountingScanner:
    from intake_doubles import CountingScanner

    from safelight.server.intake import scanning

    made = CountingScanner()
    monkeypatch.setattr(scanning, "_scanner", made)
    return made


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch) -> MemoryVault:
    from intake_doubles import MemoryVault

    from safelight.server.intake import handlers, recording, rescanning

    made = MemoryVault()
    monkeypatch.setattr(recording, "vault", made)
    monkeypatch.setattr(rescanning, "vault", made)
    monkeypatch.setattr(handlers, "destroy_unneeded", made.destroy_unneeded)
    return made


@pytest.fixture
def use_ring(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Keyring], RecordKeys]]:
    """Go on under another ring of root keys, as after a rotation and a restart."""
    from safelight.server.intake import record_keys

    def use(ring: Keyring) -> RecordKeys:
        monkeypatch.setattr(record_keys, "process_keys", lambda: ring)
        record_keys.record_keys.cache_clear()
        return record_keys.record_keys()

    yield use
    record_keys.record_keys.cache_clear()


@pytest.fixture
def keys(use_ring: Callable[[Keyring], RecordKeys]) -> RecordKeys:
    return use_ring(Keyring.generate("a workspace"))


@pytest.fixture
def sender() -> Callable[..., KeyActor]:
    """A key of the platform, on a public surface unless told otherwise."""
    from safelight.server.ids import new_id
    from safelight.server.intake.api_keys import Scope
    from safelight.server.intake.models import ApiKey, Surface
    from safelight.server.people.actors import KeyActor

    def make(visibility: str = "public", **fields: Any) -> KeyActor:
        surface = fields.pop("surface", None) or Surface.objects.create(
            name=f"s-{new_id().hex}", visibility=visibility
        )
        scopes = fields.pop("scopes", [scope.value for scope in Scope])
        key = ApiKey.objects.create(
            name="a key", prefix=new_id().hex[-12:], secret_digest=b"x" * 32, surface=surface, scopes=scopes,
            **fields,
        )  # fmt: skip
        return KeyActor(key)

    return make


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Callable[[bytes], Spool]]:
    """Spools of the given bytes."""
    made: list[Spool] = []

    def spooled(content: bytes) -> Spool:
        made.append(Spool(tmp_path).write_all([content]))
        return made[-1]

    yield spooled
    for one in made:
        one.close()


@pytest.fixture
def arrive(
    keys: RecordKeys,
    scanner: CountingScanner,
    vault: MemoryVault,
    sender: Callable[..., KeyActor],
    spool: Callable[[bytes], Spool],
) -> Callable[..., Occurrence]:
    """An upload that a list knows, of an account; its occurrence."""
    from safelight.server.intake.context import Context
    from safelight.server.intake.models import Occurrence
    from safelight.server.intake.services import receive_file

    actor = sender()

    def arrived(account: str = "u1", content: bytes = b"a file", entry: str = "entry-1") -> Occurrence:
        scanner.told[content], scanner.entries[content] = Outcome.MATCH, entry
        received = receive_file(actor, spool(content), Context(account=account))
        return Occurrence.objects.get(pk=received.occurrence_id)

    return arrived
