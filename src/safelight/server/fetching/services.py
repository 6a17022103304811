"""What the server fetches for a caller: a file by address or by its place in a bucket, if that is allowed."""

from __future__ import annotations

from typing import Final

from django.conf import settings

from safelight.server.fetching.connecting import Network
from safelight.server.fetching.errors import FetchRefused
from safelight.server.fetching.files import fetch_file
from safelight.server.fetching.objects import fetch_object
from safelight.vault.spool import Spool

_NETWORK: Final = Network()


def fetch(reference: str, *, network: Network = _NETWORK) -> Spool:
    """The file that ``https://…`` or ``s3://bucket/key`` names, in a finished spool that the caller closes.

    Nothing is fetched unless the settings name its host or bucket. Raises
    :class:`~.errors.FetchRefused`, :class:`~.errors.FetchFailed` and :class:`~.errors.FetchTooLarge`.
    """
    config = settings.CONFIG
    rules = config.fetching
    if reference.startswith("s3://"):
        if not rules.buckets:
            raise FetchRefused("This server fetches nothing from buckets: none is named in its settings.")
        return fetch_object(reference, rules, config.workspace)
    if not rules.hosts:
        raise FetchRefused("This server fetches nothing by address: no host is named in its settings.")
    return fetch_file(reference, rules, config.workspace, network)
