"""Doubles shared with the fault tests, and a writer and readers on a directory of their own."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from safelight.matching.kinds import PDQ, IndexedType
from safelight.matching.reader import HammingReader
from safelight.matching.writer import CompactWhen, IndexWriter

KEY = bytes(range(32))
WHEN_TOLD = CompactWhen(changes=10**9)

_SOURCE = Path(__file__).parents[2] / "faults" / "matching" / "recorded_source.py"


def _load() -> ModuleType:
    name = "safelight_tests_recorded_source"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, _SOURCE)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.fixture(scope="session")
def doubles() -> ModuleType:
    """The module ``recorded_source``."""
    return _load()


@pytest.fixture
def source(doubles: ModuleType):
    return doubles.RecordedSource()


class Site:
    """An index directory with a source, and whatever was opened on it."""

    def __init__(self, directory: Path, source) -> None:
        self.directory = directory
        self.source = source
        self.key = lambda: KEY
        self._opened: list[IndexWriter | HammingReader] = []

    def writer(
        self, types: tuple[IndexedType, ...] = (PDQ,), when: CompactWhen = WHEN_TOLD, **kw
    ) -> IndexWriter:
        return self._keep(IndexWriter(self.source, self.directory, self.key, types, compact_when=when, **kw))

    def reader(self) -> HammingReader:
        return self._keep(HammingReader(self.directory, PDQ, self.key))

    def _keep(self, opened):
        self._opened.append(opened)
        return opened

    def close(self) -> None:
        for opened in self._opened:
            opened.close()

    def files(self, pattern: str) -> list[Path]:
        return sorted((self.directory / "pdq").glob(pattern))


@pytest.fixture
def site(tmp_path: Path, source) -> Iterator[Site]:
    made = Site(tmp_path / "indexes", source)
    yield made
    made.close()


@pytest.fixture
def found() -> Callable[[HammingReader, str, int], list[tuple[int, int]]]:
    """Everything that an index finds, as (distance, row)."""

    def search(index: HammingReader, query: str, radius: int) -> list[tuple[int, int]]:
        return [(hit.distance, hit.row) for hit in index.search(query, radius, cap=10**6).hits]

    return search
