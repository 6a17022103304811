"""The hotline's schema, as far as it lies beside the repository; the product never ships it."""

from __future__ import annotations

from pathlib import Path

import pytest

from safelight.hotlines.cybertipline.schema import Schema


@pytest.fixture(scope="session")
def schema_bytes(shared_data: Path) -> bytes:
    path = shared_data / "ncmec" / "cyber_tipline.xsd"
    if not path.is_file():
        pytest.skip("needs the schema in ../shared/data/ncmec")
    return path.read_bytes()


@pytest.fixture(scope="session")
def schema(schema_bytes: bytes) -> Schema:
    pytest.importorskip("lxml")
    return Schema.parse(schema_bytes)
