"""Moves every row from a former root key to the current one, as :mod:`safelight.lists.resealing` does."""

from __future__ import annotations

from typing import Final

from django.db import connection

from safelight.ids import uuid7
from safelight.keys import sealed_with
from safelight.lists.row_secrets import RowKeys
from safelight.server.lists.models import Entry, ListRootKey, ListState

_UPDATE: Final = "UPDATE lists_entry SET tag = %s, sealed = %s WHERE number = %s"


def adopt(state: ListState, id_: str) -> None:
    """Make a root key the one that seals; indexes have to be rebuilt, hence the new epoch."""
    if ListRootKey.objects.filter(id=id_, current=True).exists():
        return
    ListRootKey.objects.update(current=False)
    ListRootKey.objects.update_or_create(id=id_, defaults={"current": True})
    state.epoch, state.resealed_to = uuid7(), 0


def reseal_batch(state: ListState, keys: RowKeys, limit: int) -> int:
    """Seal and tag at most ``limit`` more rows under the current key; returns how many were looked at."""
    rows = list(
        Entry.objects.filter(number__gt=state.resealed_to)
        .order_by("number")
        .values_list("number", "signal_type", "sealed")[:limit]
    )
    renewed = []
    for number, type_, sealed in rows:
        if sealed_with(bytes(sealed)) != keys.use.current:
            raw = keys.open(number, type_, bytes(sealed))
            renewed.append((keys.tags(type_, raw)[0], keys.seal(number, type_, raw), number))
    if renewed:
        with connection.cursor() as cursor:
            cursor.executemany(_UPDATE, renewed)
    if rows:
        state.resealed_to = rows[-1][0]
    return len(rows)


def strike_off_former(state: ListState, keys: RowKeys) -> None:
    """Forget the former keys, after :func:`reseal_batch` has found nothing more to do."""
    state.derivation = keys.seal_derivation(keys.open_derivation(bytes(state.derivation)))
    ListRootKey.objects.filter(current=False).delete()
