"""What tests of every room may ask for."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Benign photographs kept beside the repository; tests that need them are skipped without."""
    data = Path(__file__).parents[2] / "shared" / "data"
    if not data.is_dir():
        pytest.skip("needs the photographs in ../shared/data")
    return data
