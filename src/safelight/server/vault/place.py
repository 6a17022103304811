"""This process's evidence store, destruction log and vault, as the settings name them."""

from __future__ import annotations

import functools

from django.conf import settings

from safelight.server.config import Config
from safelight.server.vault.client import VaultClient, socket_path
from safelight.server.vault.stores import destruction_log_path, open_store
from safelight.vault.destruction import DestructionLog
from safelight.vault.stores.protocol import ObjectStore


@functools.cache
def store() -> ObjectStore:
    """This process's store; a bucket is tried when it is first asked for."""
    return open_store(settings.CONFIG)


def destruction_log() -> DestructionLog:
    """The log of this workspace. Raises :class:`~safelight.errors.UsageError` for one inside of it."""
    config: Config = settings.CONFIG
    return DestructionLog(destruction_log_path(config), backed_up=config.workspace)


@functools.cache
def vault() -> VaultClient:
    """The vault process of this server."""
    return VaultClient(socket_path())
