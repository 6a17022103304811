"""A vault that listens, a workspace of its own, and evidence made on the spot."""

from __future__ import annotations

from vault_fixtures import configured, fd_of, item_of, s3_server, seal_one, vault

__all__ = ["configured", "fd_of", "item_of", "s3_server", "seal_one", "vault"]
