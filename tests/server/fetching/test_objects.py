"""Objects by reference, from a real S3 service: only from named buckets, by our own credentials."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import obstore
import pytest
from obstore.store import S3Store
from seaweedfs import KEY, SECRET, S3Server, running

from safelight.errors import UsageError
from safelight.server.config import Fetching
from safelight.server.fetching.errors import FetchFailed, FetchRefused, FetchTooLarge
from safelight.server.fetching.objects import fetch_object

pytestmark = pytest.mark.xdist_group("seaweedfs")
CREDENTIALS = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
CONTENT = os.urandom(300_000)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with running(tmp_path_factory.mktemp("s3")) as server:
        for name, content in {"a/file": CONTENT, "large": bytes(2 << 20)}.items():
            obstore.put(_store(server), name, content)
        yield server


def _store(server: S3Server) -> S3Store:
    settings = server.settings()
    return S3Store(
        "private", endpoint=settings.endpoint, access_key_id=KEY, secret_access_key=SECRET,
        region="us-east-1", virtual_hosted_style_request=False, client_options={"allow_http": True},
    )  # fmt: skip


@pytest.fixture
def rules(service: S3Server) -> Fetching:
    return Fetching(buckets=(f"s3://private?endpoint={service.endpoint}",), max_mib=1, seconds=10)


def test_an_object_of_a_named_bucket_is_fetched(rules: Fetching, tmp_path: Path) -> None:
    with fetch_object("s3://private/a/file", rules, tmp_path, CREDENTIALS) as spool:
        assert os.pread(spool.fd, spool.size + 1, 0) == CONTENT
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "reference",
    ["s3://readable/a/file", "s3://private", "s3://private/", "s3://private/../readable/x", "s3://private//x",
     "s3://private/a/./file", "S3://private/a/file", "s3://PRIVATE/x", "s3://private/a\nb", "s3:///x"],
)  # fmt: skip
def test_anything_else_is_refused(reference: str, rules: Fetching, tmp_path: Path) -> None:
    with pytest.raises(FetchRefused):
        fetch_object(reference, rules, tmp_path, CREDENTIALS)


def test_too_large_missing_and_forbidden(rules: Fetching, tmp_path: Path) -> None:
    with pytest.raises(FetchTooLarge):
        fetch_object("s3://private/large", rules, tmp_path, CREDENTIALS)
    with pytest.raises(FetchFailed):
        fetch_object("s3://private/none", rules, tmp_path, CREDENTIALS)
    forged = {**CREDENTIALS, "AWS_SECRET_ACCESS_KEY": "wrong"}
    with pytest.raises(FetchFailed) as refused:
        fetch_object("s3://private/a/file", rules, tmp_path, forged)
    assert "wrong" not in str(refused.value)
    with pytest.raises(UsageError):
        fetch_object("s3://private/a/file", rules, tmp_path, {})
