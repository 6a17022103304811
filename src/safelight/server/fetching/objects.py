"""A file by its place in one of the operator's buckets: ``s3://bucket/key``, into a spool."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from safelight.errors import SpoolTooLarge, UsageError
from safelight.server.config import Fetching
from safelight.server.fetching.connecting import Deadline
from safelight.server.fetching.errors import FetchFailed, FetchRefused, FetchTooLarge
from safelight.vault.spool import Spool
from safelight.vault.stores.s3_settings import S3Settings

if TYPE_CHECKING:
    from obstore.store import S3Store

_REFERENCE: Final = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(.{1,1024})", re.DOTALL)


def fetch_object(
    reference: str, rules: Fetching, directory: Path, environment: Mapping[str, str] = os.environ
) -> Spool:
    """Fetch one object with the server's own credentials. The caller closes the spool, which is finished.

    Raises :class:`FetchRefused`, :class:`FetchFailed` and :class:`FetchTooLarge`.
    """
    bucket, key = _named(reference)
    settings = _settings(bucket, rules, environment)
    try:
        import obstore  # noqa: PLC0415 - the optional extra
        from obstore.exceptions import BaseError  # noqa: PLC0415
    except ImportError:
        raise UsageError("Files in a bucket need obstore: pip install 'safelight[s3]'.") from None
    too_large = FetchTooLarge(f"The object is larger than {rules.max_mib} MiB, the limit that is set.")
    deadline = Deadline(rules.seconds)
    try:
        found = obstore.get(_client(settings, rules.seconds), settings.prefix + key)
        if found.meta["size"] > rules.max_mib << 20:
            raise too_large
        with ExitStack() as undo:
            spool = undo.enter_context(Spool(directory, limit=rules.max_mib << 20))
            for piece in found.stream():
                deadline.left()
                spool.write(bytes(piece))
            spool.finish()
            undo.pop_all()
    except SpoolTooLarge:
        raise too_large from None
    except BaseError as error:
        raise FetchFailed(f"The bucket did not give the object ({type(error).__name__}).") from None
    return spool


def _client(settings: S3Settings, seconds: int) -> S3Store:
    from obstore.store import S3Store  # noqa: PLC0415

    return S3Store(
        settings.bucket,
        endpoint=settings.endpoint,
        access_key_id=settings.access_key_id,
        secret_access_key=settings.secret_access_key,
        region=settings.region,
        virtual_hosted_style_request=False,
        client_options={"timeout": timedelta(seconds=seconds), "allow_http": settings.plain_http},
        retry_config={"max_retries": 1, "retry_timeout": timedelta(seconds=seconds)},
    )


def _settings(bucket: str, rules: Fetching, environment: Mapping[str, str]) -> S3Settings:
    for url in rules.buckets:
        if urlsplit(url).netloc == bucket:
            return S3Settings.from_url(url, environment)
    raise FetchRefused("This server does not fetch from there. The operator names the buckets.")


def _named(reference: str) -> tuple[str, str]:
    """Bucket and key. A key with dots for steps means another object to one reader than to another."""
    matched = _REFERENCE.fullmatch(reference)
    if matched is None or not matched[2].isprintable():
        raise FetchRefused("An object is named s3://bucket/key.")
    bucket, key = matched[1], matched[2]
    if any(step in ("", ".", "..") for step in key.split("/")):
        raise FetchRefused("The key of an object has no empty steps, and no . or .. for one.")
    return bucket, key
