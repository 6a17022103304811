"""A hash list in memory, for library users and for ``--list FILE``: no workspace, no key, nothing on disk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from safelight.lists.checks import pack_entry
from safelight.lists.formats import BadLines, ImportReport, ListFormat, open_list
from safelight.lists.store import DEFAULT_DISTANCE, HashListInfo
from safelight.lists.videos import stored_entries
from safelight.types import ListClass, ListEntry, Signal
from safelight.values import unpack


class HashList:
    """Entries of one list, to be searched through a :class:`~safelight.lists.memory.MemoryListStore`.

    ``distance`` is 0-64 of 256 bits for PDQ entries. ``report`` says what a file gave and what was bad in it.
    """

    def __init__(
        self, name: str, list_class: ListClass | str, distance: int = DEFAULT_DISTANCE, shadow: bool = False
    ) -> None:
        self._info = HashListInfo(name, ListClass(list_class), distance, shadow)
        self._entries: list[ListEntry] = []
        self.report = ImportReport()

    @property
    def info(self) -> HashListInfo:
        """Name, class and settings, with the number of entries."""
        return replace(self._info, entries=len(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[ListEntry]:
        return iter(self._entries)

    def add(self, type_: str, value: str, key: str | None = None, classification: str | None = None) -> None:
        """Add one hash, written in upper or lower case, or a video's vPDQ. Without a key it is ``entry:N``.

        Raises :class:`~safelight.errors.UsageError` for a malformed value or one that would match anything.
        """
        name = f"entry:{len(self._entries) + 1}" if key is None else key
        given = ListEntry(self._info.name, name, Signal(type_, value.strip()), classification)
        for entry in stored_entries(given):
            kept = unpack(entry.signal.type, pack_entry(entry))
            self._entries.append(replace(entry, signal=Signal(entry.signal.type, kept)))

    @classmethod
    def from_file(
        cls,
        path: str | os.PathLike[str],
        name: str,
        list_class: ListClass | str,
        *,
        distance: int = DEFAULT_DISTANCE,
        shadow: bool = False,
        layout: ListFormat | None = None,
    ) -> HashList:
        """Read a file; bad lines are kept in ``report`` and the good ones listed.

        An entry without a key of its own is called ``line:N``. Raises
        :class:`~safelight.errors.ListFormatError` when the file cannot be read as told.
        """
        hashes = cls(name, list_class, distance, shadow)
        bad = BadLines()
        with open_list(Path(path), layout or ListFormat()) as reader:
            for record in reader.records(bad.add):
                key = record.key or f"line:{record.line}"
                hashes._entries += [
                    ListEntry(name, key, signal, record.classification, flags)
                    for signal, flags in record.stored()
                ]
        hashes.report = ImportReport(
            read=len(hashes), added=len(hashes), bad=tuple(bad.kept), bad_total=bad.total
        )
        return hashes
