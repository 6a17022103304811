"""The lists that a scan compares with: those of a workspace, those in memory, or both."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from safelight.errors import UsageError
from safelight.lists import HashList, HashListInfo, ListStore, MemoryListStore
from safelight.matching.matcher import Matched, Matcher
from safelight.matching.memory_index import MemoryIndexes
from safelight.matching.opening import StoredIndexes
from safelight.types import ListClass, Signal
from safelight.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Searched:
    """A store, what searches it, and which of its lists (None: every enabled one)."""

    store: ListStore
    matcher: Matcher
    state: Callable[[], object]
    """Differs, from one process to the next too, when the listed values do."""
    only: frozenset[str] | None = None

    def match(self, signals: Sequence[Signal]) -> Matched:
        """What the chosen lists have to say. Capped stays capped: what was cut off may be theirs."""
        found = self.matcher.match(signals)
        if self.only is None:
            return found
        return Matched(
            tuple(match for match in found.matches if match.list in self.only),
            found.capped,
            tuple(searched for searched in found.searched if searched.name in self.only),
        )

    def lists(self) -> tuple[HashListInfo, ...]:
        """The lists that are searched."""
        every = (info for info in self.store.lists() if info.enabled)
        return tuple(info for info in every if self.only is None or info.name in self.only)


@contextmanager
def open_lists(
    lists: Iterable[HashList] = (),
    workspace: Workspace | str | os.PathLike[str] | None = None,
    only: Iterable[str] | None = None,
) -> Iterator[tuple[Searched, ...]]:
    """Open what is to be searched; a workspace that is open already stays open.

    Raises :class:`~safelight.errors.NoSuchList` when ``only`` names a list that is not there, and
    :class:`~safelight.errors.UsageError` when it names one that is not enabled.
    """
    with ExitStack() as opened:
        searched = []
        if workspace is not None:
            if not isinstance(workspace, Workspace):
                workspace = opened.enter_context(Workspace.open(Path(workspace)))
            chosen = None if only is None else frozenset(only)
            searched.append(_of_workspace(opened, workspace, chosen))
        if in_memory := list(lists):
            store = MemoryListStore(in_memory)
            contents = _digest(in_memory)
            searched.append(Searched(store, Matcher(store, MemoryIndexes(store)), lambda: contents))
        yield tuple(searched)


def _of_workspace(opened: ExitStack, workspace: Workspace, only: frozenset[str] | None) -> Searched:
    for name in only or ():
        if not workspace.store.get(name).enabled:
            raise UsageError(f"the list {name!r} is disabled; enable it, or leave it out")
    indexes = StoredIndexes(workspace.store, workspace.index_directory, workspace.index_key)
    opened.callback(indexes.close)
    return Searched(workspace.store, Matcher(workspace.store, indexes), workspace.store.stamp, only)


def _digest(lists: Iterable[HashList]) -> str:
    """A digest of lists in memory, whose stores number changes anew in every process."""
    digest = hashlib.sha256()
    for entry in (entry for hashes in lists for entry in hashes):
        told = (entry.list, entry.key, entry.signal.type, entry.signal.value, entry.classification)
        digest.update(repr(told).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def anything_listed(searched: Iterable[Searched]) -> bool:
    """Whether there is anything to find: known-good lists alone are nothing to be clear of."""
    infos = (info for one in searched for info in one.lists())
    return any(info.entries and info.list_class is not ListClass.KNOWN_GOOD for info in infos)
