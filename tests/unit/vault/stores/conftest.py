"""Every store that ships, each tried against the same promises; S3 is a real server on a loopback port."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from seaweedfs import S3Server, running

from safelight.vault.stores.local import LocalStore
from safelight.vault.stores.memory import MemoryStore
from safelight.vault.stores.protocol import ObjectStore
from safelight.vault.stores.s3 import S3Store


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with running(tmp_path_factory.mktemp("seaweedfs")) as server:
        yield server


@pytest.fixture(
    params=[
        "memory",
        "local",
        "local-partial-files",
        pytest.param("s3", marks=pytest.mark.xdist_group("seaweedfs")),
        pytest.param("s3-multipart", marks=pytest.mark.xdist_group("seaweedfs")),
    ]
)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    """Each store in turn, empty."""
    if request.param == "memory":
        return MemoryStore()
    if request.param.startswith("local"):
        return LocalStore(tmp_path / "store", unnamed=request.param == "local")
    server: S3Server = request.getfixturevalue("s3_server")
    settings = server.settings(prefix=f"{tmp_path.name}/")
    return S3Store(settings) if request.param == "s3" else S3Store(settings, single_put=100)
