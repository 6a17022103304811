"""Which store and which destruction log the settings name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from safelight.errors import UsageError
from safelight.server.config import Config
from safelight.vault.stores.local import LocalStore
from safelight.vault.stores.protocol import ObjectStore

DIRECTORY: Final = "evidence"


def open_store(config: Config) -> ObjectStore:
    """The store that ``evidence_url`` names: a directory in the workspace, or a bucket.

    Raises :class:`~safelight.errors.UsageError`, :class:`~safelight.errors.StoreUnsafe` for one that others
    can read, and :class:`~safelight.errors.StoreUnavailable`.
    """
    if not config.evidence_url:
        return LocalStore(config.workspace / DIRECTORY)
    if not config.evidence_url.startswith("s3://"):
        raise UsageError("evidence_url must begin with s3:// ; leave it empty for files in the workspace.")
    try:
        from safelight.vault.stores.s3 import S3Store  # noqa: PLC0415 - the optional extra
    except ImportError:
        raise UsageError("Evidence in a bucket needs obstore: pip install 'safelight[s3]'.") from None
    from safelight.vault.stores.s3_settings import S3Settings  # noqa: PLC0415

    return S3Store(S3Settings.from_url(config.evidence_url, os.environ))


def destruction_log_path(config: Config) -> Path:
    """``destruction_log`` of the settings, or a file beside the workspace, so that no backup of it has it."""
    workspace = config.workspace.resolve()
    return config.destruction_log or workspace.with_name(f"{workspace.name}.destructions")
