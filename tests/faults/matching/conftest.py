"""Directories that run full, and the scripts that are killed."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).parent


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts a tmpfs of a given size; skips where that is not permitted."""
    mounted: list[Path] = []

    def mount(size: str) -> Path:
        place = tmp_path / f"disk-{len(mounted)}"
        place.mkdir()
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", place],
            capture_output=True,
            check=False,
        )
        if done.returncode:
            pytest.skip("mounting a tmpfs is not permitted here")
        mounted.append(place)
        return place

    if os.geteuid() != 0:
        pytest.skip("needs root to mount a tmpfs")
    yield mount
    for place in mounted:
        subprocess.run(["umount", "-l", place], check=True)


@pytest.fixture
def scripts() -> Path:
    """Where the scripts of this directory are."""
    return HERE


@pytest.fixture(scope="session")
def doubles() -> ModuleType:
    """The module ``recorded_source``, which the scripts import by its name."""
    name = "safelight_tests_recorded_source"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, HERE / "recorded_source.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]
