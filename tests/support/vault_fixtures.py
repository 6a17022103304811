"""A vault that listens, a workspace of its own, and evidence made on the spot."""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from seaweedfs import S3Server, running

from safelight.ids import uuid7
from safelight.keys import Keyring, Purpose, RootKey
from safelight.server.secrets import ProcessKeys
from safelight.server.vault import place
from safelight.server.vault.client import SOCKET, VaultClient
from safelight.server.vault.serving import VaultServer, keeper_of
from safelight.vault.stores.protocol import ObjectStore


@dataclass
class Vault:
    """The vault process's work in a thread, with what a test may do to it."""

    run: Path
    workspace: Path
    ring: Keyring
    _server: VaultServer | None = None
    _thread: threading.Thread | None = None
    told: list[str] = field(default_factory=list)

    @property
    def store(self) -> ObjectStore:
        return place.store()

    def start(self) -> None:
        given = ProcessKeys.of(self.ring, {Purpose.VAULT_PRIVATE})
        self._server = VaultServer(self.run / SOCKET, keeper_of(given), place.store())
        self._thread = threading.Thread(target=self._server.serve)
        self._thread.start()

    def stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.stop()
            self._thread.join()
            self._server = None

    def restart_with(self, ring: Keyring) -> None:
        """As after a restart of the whole server, with another key file."""
        from safelight.server.vault.keys import forget_sealing_key

        self.stop()
        self.ring = ring
        forget_sealing_key()
        self.start()

    def rotate(self) -> None:
        self.restart_with(self.ring.with_primary(RootKey.generate()))

    def without_old_keys(self) -> Keyring:
        return replace(self.ring, keys=tuple(k for k in self.ring.keys if k.id == self.ring.primary_id))


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vault]:
    """The workspace and the settings, before the vault runs."""
    with tempfile.TemporaryDirectory(prefix="sl-run-") as run:
        workspace = tmp_path / "workspace"
        workspace.mkdir(mode=0o700)
        monkeypatch.setenv("SAFELIGHT_RUN", run)
        monkeypatch.setattr(settings, "CONFIG", settings.CONFIG.model_copy(update={"workspace": workspace}))
        monkeypatch.setattr(VaultClient, "__init__", _impatient)
        _forget()
        vault = Vault(Path(run), workspace, Keyring.generate(uuid7()))
        yield vault
        vault.stop()
        _forget()


_first = VaultClient.__init__


def _impatient(self: VaultClient, path: Path, *, patience: float = 0.3, slowest: float = 60.0) -> None:
    _first(self, path, patience=patience, slowest=slowest)


def _forget() -> None:
    # Imported late, here and elsewhere: this file is read before Django is set up.
    from safelight.server.vault.keys import forget_sealing_key

    place.store.cache_clear()
    place.vault.cache_clear()
    forget_sealing_key()


@pytest.fixture
def vault(configured: Vault) -> Vault:
    """A vault that listens; its evidence lies in a directory."""
    configured.start()
    return configured


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with running(tmp_path_factory.mktemp("seaweedfs")) as server:
        yield server


@pytest.fixture
def item_of() -> Callable[..., Any]:
    """An item, as intake makes one."""
    from safelight.server.intake.models import Item

    def make(content: bytes = b"") -> Item:
        return Item.objects.create(
            tag=hashlib.sha256(content or os.urandom(8)).digest(), size=len(content), kind="image",
            mime="image/png", observation=b"", outcome="match",
        )  # fmt: skip

    return make


@pytest.fixture
def fd_of() -> Iterator[Callable[[bytes], int]]:
    """A descriptor that holds a content, as a spool's does."""
    opened: list[int] = []

    def make(content: bytes) -> int:
        fd = os.memfd_create("content")
        opened.append(fd)
        view = memoryview(content)
        while view:
            view = view[os.write(fd, view) :]
        return fd

    yield make
    for fd in opened:
        os.close(fd)


@pytest.fixture
def seal_one(vault: Vault, item_of: Any, fd_of: Any) -> Callable[..., Any]:
    """Seal a content and return its row."""
    from safelight.server.people.actors import SystemActor
    from safelight.server.vault.services import replay_destructions, seal

    def make(content: bytes = b"a grey square", item: Any = None) -> Any:
        replay_destructions()
        return seal(item or item_of(content), fd_of(content), actor=SystemActor("web"))

    return make
