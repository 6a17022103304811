"""Takes the workspace's local lists over into the database, once; killed, it goes on at the next start.

Numbers, tags and sealed values are taken as they are: they are under the same keys, and indexes stay valid.
The local store is frozen first, so nothing changes in between. Not until everything is committed does
``workspace.toml`` say that the server keeps the lists, and the local file goes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Final

from django.db import transaction
from django.db.models import Count

from safelight.errors import IndexFileError, WorkspaceError
from safelight.ids import uuid7
from safelight.keys import Purpose
from safelight.lists.database import Database
from safelight.lists.freezing import freeze
from safelight.lists.row_secrets import RowKeys
from safelight.lists.sqlite import SqliteListStore
from safelight.matching.upkeep import stats
from safelight.server.config import Config
from safelight.server.ids import now
from safelight.server.ledger.services import record
from safelight.server.lists.adding import insert_rows
from safelight.server.lists.events import Event
from safelight.server.lists.models import (
    Entry,
    HashList,
    ListRootKey,
    ListState,
    Tally,
    WaitingBatch,
    Withdrawal,
)
from safelight.server.lists.screening import unfit
from safelight.server.lists.store import BATCH, DjangoListStore
from safelight.server.lists.waiting import keep_waiting
from safelight.server.people.actors import SystemActor
from safelight.server.processes.list_store import RESTORED, index_directory
from safelight.server.secrets import ProcessKeys
from safelight.types import ListClass, ListEntry, Signal
from safelight.values import unpack
from safelight.workspace.description import LOCAL, SERVER, read_description, write_description
from safelight.workspace.lock import workspace_lock
from safelight.workspace.workspace import LISTS_FILE

_LOCK_SECONDS: Final = 30.0
_BY: Final = SystemActor("supervisor")

_Local = tuple[int, int, str, bytes, bytes, str, str | None, str]


def bring_in(config: Config, keys: ProcessKeys) -> Iterator[str]:
    """Make the server's database the lists' keeper, where it is not yet; yields lines for the operator.

    Raises :class:`~safelight.errors.WorkspaceError` for a database that keeps another workspace's lists.
    """
    directory = config.workspace
    _refuse_others(keys)
    with workspace_lock(directory, _LOCK_SECONDS):
        description = read_description(directory)
        if description.lists == LOCAL:
            taken = _take_over(directory / LISTS_FILE, keys)
            write_description(directory, replace(description, lists=SERVER))
            if taken:
                yield f"Took {taken:,} listed hashes over from the command line's lists."
            for row in HashList.objects.filter(admitted=False).order_by("name"):
                yield (
                    f"The list {row.name!r} is not searched until two people admit it, because additions to "
                    "it take two."
                )
        elif not ListState.objects.exists():
            raise WorkspaceError(
                "The database holds no lists, yet the workspace says that the server keeps them. Restore the "
                "database from the backup that the workspace comes from."
            )
        for leftover in directory.glob(f"{LISTS_FILE}*"):
            leftover.unlink()
    _new_epoch_after_restore(config, DjangoListStore(keys))


def _refuse_others(keys: ProcessKeys) -> None:
    state = ListState.objects.filter(one=1).first()
    if state is not None and state.workspace != keys.workspace:
        raise WorkspaceError(
            f"The database keeps the lists of workspace {state.workspace}, not of {keys.workspace}. Set "
            "database_url to the database that belongs to this workspace."
        )


def _take_over(path: Path, keys: ProcessKeys) -> int:
    """Copy everything that is not there yet; how many rows this database then has."""
    if ListState.objects.filter(brought_in_at__isnull=False).exists():
        return 0
    SqliteListStore(path, keys).close()  # brings an older file up to date, and proves the keys
    with closing(Database(path)) as local:
        with local.write() as connection:
            freeze(connection)
        with local.read_apart() as connection:
            lists = _begin(connection)
            row_keys = DjangoListStore(keys).row_keys()
            while _copy_some(connection, lists, row_keys):
                pass
            return _finish(connection)


def _begin(local: sqlite3.Connection) -> dict[int, HashList]:
    """The state, the root keys and the lists; by local number. Again, it finds what is there."""
    workspace, epoch, derivation = local.execute("SELECT workspace, epoch, derivation FROM state").fetchone()
    with transaction.atomic():
        ListState.objects.get_or_create(
            one=1, defaults={"workspace": workspace, "epoch": epoch, "derivation": derivation}
        )
        for id_, current in local.execute("SELECT id, current FROM root_key"):
            ListRootKey.objects.get_or_create(id=id_, defaults={"current": bool(current)})
        return {
            number: HashList.objects.get_or_create(
                name=name,
                defaults={
                    "list_class": class_,
                    "distance": distance,
                    "shadow": bool(shadow),
                    "enabled": bool(enabled),
                    "source": source,
                    "query_percent": query,
                    "listed_percent": listed,
                    # Who put them there is not known: two people look at what silences.
                    "admitted": class_ != ListClass.KNOWN_GOOD,
                },
            )[0]
            for number, name, class_, distance, shadow, enabled, source, query, listed in local.execute(
                "SELECT id, name, class, distance, shadow, enabled, source, query_percent, listed_percent"
                " FROM hash_list"
            )
        }


def _copy_some(local: sqlite3.Connection, lists: dict[int, HashList], keys: RowKeys) -> bool:
    """Copy the next rows in one transaction; whether there were any."""
    with transaction.atomic():
        state = ListState.objects.select_for_update().get(one=1)
        rows = local.execute(
            "SELECT row, list, signal_type, tag, sealed, key, classification, flags FROM entry"
            " WHERE row > ? ORDER BY row LIMIT ?",
            (state.brought_to, BATCH),
        ).fetchall()
        if not rows:
            return False
        fit: list[_Local] = []
        for row in rows:
            raw = keys.open(row[0], row[2], row[4])
            if why := unfit(row[2], raw):
                _set_apart(lists[row[1]], row, raw, why)
            else:
                fit.append((row[0], lists[row[1]].pk, *row[2:]))
        insert_rows(fit)
        state.brought_to = rows[-1][0]
        state.save(update_fields=["brought_to"])
    return True


def _set_apart(of: HashList, row: _Local, raw: bytes, why: str) -> None:
    batch, _ = WaitingBatch.objects.get_or_create(
        list=of,
        kind=WaitingBatch.Kind.QUARANTINE,
        state=WaitingBatch.State.WAITING,
        reason="found among the command line's lists",
    )
    number, _, type_, _, _, key, classification, flags = row
    signal = Signal(type_, unpack(type_, raw))
    entry = ListEntry(of.name, key, signal, classification, frozenset(flags.split()))
    keep_waiting(of, batch, [(entry, raw, why)])
    # An index may have the row already; its number is told as withdrawn when the state is finished.
    Withdrawal.objects.create(sequence=-number, number=number, signal_type=type_)


def _finish(local: sqlite3.Connection) -> int:
    """Withdrawals, counts and the sequence, in one transaction; then the lists can be used."""
    (sequence,) = local.execute("SELECT sequence FROM state").fetchone()
    with transaction.atomic():
        state = ListState.objects.select_for_update().get(one=1)
        gone = local.execute("SELECT sequence, row, signal_type FROM withdrawal")
        while some := gone.fetchmany(BATCH):
            Withdrawal.objects.bulk_create(Withdrawal(*one) for one in some)
        for apart in Withdrawal.objects.filter(sequence__lt=0).order_by("-sequence"):
            sequence += 1
            Withdrawal.objects.create(sequence=sequence, number=apart.number, signal_type=apart.signal_type)
        Withdrawal.objects.filter(sequence__lt=0).delete()
        counted = Entry.objects.order_by().values("list_id", "signal_type").annotate(entries=Count("number"))
        Tally.objects.all().delete()
        Tally.objects.bulk_create(Tally(**row) for row in counted)
        state.sequence, state.brought_in_at, state.version = sequence, now(), state.version + 1
        state.save()
        entries = Entry.objects.count()
        record(
            Event.LISTS_BROUGHT_IN,
            _BY,
            payload={"lists": HashList.objects.count(), "entries": entries, "sequence": sequence},
        )
    return entries


def _new_epoch_after_restore(config: Config, store: DjangoListStore) -> None:
    """Begin a new epoch after a restore, or where an index of this node is ahead of its lists.

    New changes would take sequence numbers that the index has seen with other meaning.
    """
    mark = config.workspace / RESTORED
    if mark.exists():
        _begin_epoch()
        mark.unlink()
        return
    if not index_directory(config).is_dir():
        return
    try:
        held = stats(index_directory(config), lambda: store.subkey(Purpose.INDEX_LAYOUT))
    except IndexFileError:
        return  # unreadable, and so rebuilt by its writer
    present = store.stamp()
    if any(one.stamp.epoch == present.epoch and one.stamp.sequence > present.sequence for one in held):
        _begin_epoch()


def _begin_epoch() -> None:
    ListState.objects.filter(one=1).update(epoch=uuid7())
