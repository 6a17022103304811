"""Brings a file into a list of a store, batch by batch, and says what became of every line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from safelight.errors import ListExists, UsageError
from safelight.lists.formats import BadLines, ImportReport, ListFormat, open_list
from safelight.lists.store import HashListInfo, ListStore
from safelight.types import ListEntry

Progress = Callable[[int, int], None]
"""Called with the bytes read so far and the size of the file."""


def check_file(path: Path, layout: ListFormat) -> ImportReport:
    """Read a file and list nothing: the number of good hashes, and the bad lines.

    Raises :class:`~safelight.errors.ListFormatError`.
    """
    bad = BadLines()
    with open_list(path, layout) as reader:
        read = sum(len(tuple(record.stored())) for record in reader.records(bad.add))
    return ImportReport(read=read, bad=tuple(bad.kept), bad_total=bad.total)


def refuse_unreadable(path: Path, layout: ListFormat) -> None:
    """Raise :class:`~safelight.errors.ListFormatError` if the file cannot be read as told."""
    with open_list(path, layout) as reader:
        reader.records(lambda _bad: None)


def import_file(
    store: ListStore,
    info: HashListInfo,
    path: Path,
    layout: ListFormat,
    progress: Progress = lambda _done, _size: None,
) -> ImportReport:
    """Add a file's entries to a list, which is created unless it is there; bad lines do not stop it.

    Entries without a key of their own get one from :meth:`~safelight.lists.store.ListStore.derive_key`. What
    a killed import had acknowledged stays, and importing again completes it. Raises
    :class:`~safelight.errors.ListFormatError` before anything is changed, and
    :class:`~safelight.errors.UsageError` when the list is there with another class.
    """
    bad = BadLines()
    with open_list(path, layout) as reader:
        records = reader.records(bad.add)
        create_or_check(store, info)

        def entries() -> Iterator[ListEntry]:
            for count, record in enumerate(records):
                key = record.key or store.derive_key([signal for signal, _ in record.stored()])
                for signal, flags in record.stored():
                    yield ListEntry(info.name, key, signal, record.classification, flags)
                if count % 1000 == 0:
                    progress(reader.position(), reader.size)

        added = store.add(entries())
        progress(reader.size, reader.size)
    read = added.added + added.known + added.updated
    return ImportReport(read, added.added, added.known, added.updated, tuple(bad.kept), bad.total)


def create_or_check(store: ListStore, info: HashListInfo) -> None:
    """Make the list unless it is there. Raises :class:`~safelight.errors.UsageError` for another class."""
    try:
        store.create(info)
    except ListExists:
        present = store.get(info.name)
        if present.list_class != info.list_class:
            raise UsageError(
                f"The list {info.name!r} is there with class {present.list_class}, not {info.list_class}. "
                "Choose another name, or remove that list first."
            ) from None
