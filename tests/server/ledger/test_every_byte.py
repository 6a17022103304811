"""No byte of any row, detail, place or head can be altered without being found, kept heads included."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from safelight.ledger.archive import DirectoryArchive
from safelight.server.ledger.keeping import HeadKeeper
from safelight.server.ledger.models import LedgerHead, LedgerLeaf, LedgerPayload, LedgerRow
from safelight.server.ledger.verification import verify_all


def others(value: Any) -> Iterator[Any]:
    """Values of the same kind that differ in one byte."""
    match value:
        case memoryview() | bytes():
            raw = bytes(value)
            for place in range(len(raw)):
                yield raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        case UUID():
            for place in range(32):
                digit = "0" if value.hex[place] != "0" else "1"
                yield UUID(value.hex[:place] + digit + value.hex[place + 1 :])
        case str():
            for place in range(len(value)):
                letter = "1" if value[place] != "1" else "2"
                yield value[:place] + letter + value[place + 1 :]
        case int():
            yield value + 1_000


def tamper_rows(raw, step: int) -> tuple[int, int]:
    """Alter every ``step``-th byte of everything that the ledger's tables hold, past dropped guards."""
    tried = missed = number = 0
    raw.unguard()
    for model in (LedgerRow, LedgerPayload, LedgerLeaf, LedgerHead):
        table, key = model._meta.db_table, model._meta.pk.column
        columns = [field.column for field in model._meta.concrete_fields]
        for kept in [found for (found,) in raw.run(f'SELECT "{key}" FROM {table}')]:
            for column in columns:
                [(value,)] = raw.run(f'SELECT "{column}" FROM {table} WHERE "{key}" = ?', kept)
                for other in others(value):
                    number += 1
                    if number % step:
                        continue
                    raw.run(f'UPDATE {table} SET "{column}" = ? WHERE "{key}" = ?', other, kept)
                    tried += 1
                    missed += verify_all().is_whole
                    now_key = other if column == key else kept
                    raw.run(f'UPDATE {table} SET "{column}" = ? WHERE "{key}" = ?', value, now_key)
    assert verify_all().is_whole
    return tried, missed


def tamper_kept_heads(directory: Path, step: int) -> tuple[int, int]:
    """Alter every ``step``-th byte of the heads that are kept elsewhere."""
    tried = missed = 0
    for file in sorted(directory.glob("*.head")):
        whole = file.read_bytes()
        for place in range(0, len(whole), step):
            file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            tried += 1
            missed += verify_all(kept=DirectoryArchive(directory)).is_whole
        file.write_bytes(whole)
    assert verify_all(kept=DirectoryArchive(directory)).is_whole
    return tried, missed


@pytest.fixture
def heads(tmp_path: Path, committing_db, placed) -> Path:
    """Nine rows under three heads, of which the first and the last are kept elsewhere."""
    keeper = HeadKeeper(DirectoryArchive(tmp_path))
    placed(3)
    keeper.keep(idle=True)
    placed(3, heads=2)
    keeper._next = 0.0
    keeper.keep(idle=True)
    assert len(list(tmp_path.glob("*.head"))) == 2
    return tmp_path


def test_an_altered_ledger_is_found(heads, raw):
    (tried, missed), (of_heads, missed_heads) = tamper_rows(raw, step=23), tamper_kept_heads(heads, step=23)
    assert tried + of_heads > 100
    assert (missed, missed_heads) == (0, 0)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_byte_of_the_ledger_counts(heads, raw):
    (tried, missed), (of_heads, missed_heads) = tamper_rows(raw, step=1), tamper_kept_heads(heads, step=1)
    print(f"FIGURE ledger_tampered_{connection.vendor} {tried + of_heads}")
    print(f"FIGURE ledger_tamper_missed_{connection.vendor} {missed + missed_heads}")
    assert (missed, missed_heads) == (0, 0)
